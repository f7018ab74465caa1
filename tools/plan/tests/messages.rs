// SPDX-License-Identifier: GPL-2.0

//! The page of messages has the same messages as the code.
//!
//! The test takes the texts of the code from its calls of `pr_*!`, `write!` and similar. An entry
//! of the page is such a text, with other texts or `<names>` in the place of its values.

#[path = "messages/derive.rs"]
mod derive;
#[path = "messages/page.rs"]
mod page;
#[path = "messages/source.rs"]
mod source;
mod tree;

use std::collections::BTreeSet;
use std::fs;

use derive::Grammar;
use page::Page;
use source::Source;
use tree::top;

/// Messages that Linux itself prints, after a change of ours or because firmware fails.
const LINUXS: [&str; 2] = [
    "[Firmware Bug]: Unable to handle <fault> in EFI runtime service",
    "efi: EFI runtime service <number> wedged in firmware; disabling EFI runtime services",
];

const FOLDERS: [&str; 4] = [
    "arch",
    "drivers/firmware/efi/libstub",
    "drivers/firmware/efi/rust",
    "rust/kernel",
];

fn source() -> Source {
    let mut source = Source::default();
    for folder in FOLDERS {
        source.read(&top().join(folder));
    }
    assert!(source.prints.len() > 40, "{:#?}", source.prints);
    assert!(source.fragments.len() > 80, "{:#?}", source.fragments);
    source
}

fn page() -> Page {
    let path = top().join("Documentation/admin-guide/efi-rtmap/messages.rst");
    let page = Page::read(&fs::read_to_string(path).unwrap());
    assert!(page.entries.len() > 100, "{:#?}", page.entries);
    page
}

/// Returns the messages of `page` that the code of `source` lacks, and the messages of the code
/// that the page lacks.
fn compare(source: &Source, page: &Page) -> (Vec<String>, Vec<String>) {
    let grammar = Grammar::new(source);
    let mut only_on_page = Vec::new();
    let mut used = BTreeSet::new();
    for entry in &page.entries {
        match grammar.derive(entry) {
            Some(texts) => used.extend(texts),
            None if LINUXS.contains(&entry.as_str()) => (),
            None => only_on_page.push(entry.clone()),
        }
    }
    for quoted in &page.quoted {
        used.extend(grammar.same_as(quoted));
    }
    let only_in_code = source
        .prints
        .iter()
        .chain(&source.fragments)
        .filter(|text| text.has_words() && !used.contains(&text.skeleton()))
        .map(|text| format!("{}: {}", text.file, text.skeleton()))
        .collect();
    (only_on_page, only_in_code)
}

#[test]
fn the_page_has_the_messages_of_the_code() {
    let (only_on_page, only_in_code) = compare(&source(), &page());
    assert_eq!(only_in_code, [""; 0], "messages.rst has no such entry");
    assert_eq!(only_on_page, [""; 0], "no code prints this");
}

#[test]
fn a_difference_is_found() {
    let mut code = source();
    let mut page = page();
    code.prints
        .retain(|text| !text.skeleton().contains("off, as requested"));
    page.entries
        .retain(|entry| !entry.contains("no runtime regions"));
    let (only_on_page, only_in_code) = compare(&code, &page);
    assert_eq!(only_on_page, ["efi: rtmap: off, as requested"]);
    assert_eq!(only_in_code.len(), 1, "{only_in_code:#?}");
    assert!(only_in_code[0].ends_with(": the memory map has no runtime regions"));
}

#[test]
fn entries_are_different_and_explained() {
    let page = page();
    let different: BTreeSet<_> = page.entries.iter().collect();
    assert_eq!(different.len(), page.entries.len(), "{:#?}", page.entries);
    assert_eq!(page.unexplained, [""; 0]);
}

/// Lines of the log, each with the entry that explains it.
const LINES: [(&str, &str); 9] = [
    (
        "efi: rtmap: ident, inherited from generation 1, SVAM not called here (called-ident by generation 0), 6 regions",
        "efi: rtmap: <kind>, inherited from generation <number>, SVAM not called here (<state> by generation <number>), <count> regions",
    ),
    (
        "efi: rtmap: ident, fresh, SVAM called with 1:1 addresses, 6 regions",
        "efi: rtmap: ident, fresh, SVAM called with 1:1 addresses, <count> regions",
    ),
    (
        "efi: rtmap: fixed refused: the firmware runs with ident since an earlier kernel",
        "efi: rtmap: <kind> refused: the firmware runs with <kind> since an earlier kernel",
    ),
    (
        "efi: rtmap: phys refused: region [0x8000000000-0x8000000fff] does not fit a 1:1 map, which ends at 0x8000000000",
        "efi: rtmap: <kind> refused: <reason>",
    ),
    (
        "efi: rtmap: runtime services off: an earlier kernel stopped inside firmware call 12 (SetVariable); boot with efi=rtmap:retry to use it all the same",
        "efi: rtmap: runtime services off: an earlier kernel stopped inside firmware call <count> (<service>); boot with efi=rtmap:retry to use it all the same",
    ),
    (
        "efi: rtmap: runtime services off: region [0x8000000000-0x8000000fff] does not fit a 1:1 map, which ends at 0x8000000000, and only phys will do: requested on the command line",
        "efi: rtmap: runtime services off: region <range> does not fit a 1:1 map, which ends at <address>, and only phys will do: <reason>",
    ),
    (
        "efi: rtmap: handover table: CRC is 0x3610a686, not 0x00000000 as recorded",
        "efi: rtmap: handover table: CRC is <number>, not <number> as recorded",
    ),
    (
        "efi: rtmap: [Firmware Bug]: GetTime returns with RBX changed; it has been put right",
        "efi: rtmap: [Firmware Bug]: <service> returns with <register> changed; it has been put right",
    ),
    (
        "efi: rtmap: 0x7f6a1234 is in runtime services code at [0x7f6a0000-0x7f6affff]: code 0f 0b",
        "efi: rtmap: <address> is in <memory> at <range>: code <bytes>",
    ),
];

#[test]
fn a_line_of_the_log_has_one_entry() {
    let page = page();
    for (line, entry) in LINES {
        assert_eq!(page.explaining(line), Some(entry), "{line}");
    }
    assert_eq!(page.explaining("efi: rtmap: nothing of the kind"), None);
}
