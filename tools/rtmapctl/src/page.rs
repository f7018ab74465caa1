// SPDX-License-Identifier: GPL-2.0
//! The page of messages in the administrator's guide, as it was when this program was built.

use efi_rtmap_plan::message::{likeness, term};

const PAGE: &str = include_str!("../../../Documentation/admin-guide/efi-rtmap/messages.rst");

/// A message and its explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The line as the kernel prints it, with words in angle brackets for values.
    pub line: &'static str,
    pub text: String,
}

/// A section with text of its own, which entries refer to.
struct Section {
    title: &'static str,
    paragraphs: Vec<String>,
}

pub struct Page {
    pub entries: Vec<Entry>,
    sections: Vec<Section>,
}

impl Page {
    pub fn read() -> Self {
        let mut page = Self {
            entries: Vec::new(),
            sections: Vec::new(),
        };
        for block in PAGE.split("\n\n") {
            let mut lines = block.lines();
            let first = lines.next().unwrap_or_default();
            if let Some(line) = term(first) {
                let text: Vec<_> = lines.map(str::trim_start).collect();
                let text = plain(&text.join("\n"));
                page.entries.push(Entry { line, text });
            } else if lines.next().is_some_and(is_underline) {
                page.sections.push(Section {
                    title: first,
                    paragraphs: Vec::new(),
                });
            } else if let Some(section) = page.sections.last_mut() {
                section.paragraphs.push(plain(block.trim_end()));
            }
        }
        page
    }

    /// The entry that explains a line of the log, or a reason that sysfs shows: of those that
    /// match, the one that has most of the line.
    pub fn explaining(&self, line: &str) -> Option<&Entry> {
        let line = from_message(line.trim());
        let candidates = [
            line.to_string(),
            format!("efi: rtmap: {line}"),
            format!("efi: rtmap: runtime services off: {line}"),
        ];
        candidates.iter().find_map(|line| {
            let entries = self.entries.iter();
            let matching = entries.filter_map(|entry| Some((likeness(entry.line, line)?, entry)));
            let (_, entry) = matching.max_by_key(|(shared, _)| *shared)?;
            Some(entry)
        })
    }

    /// The entries that have all `words`, in any case.
    pub fn with(&self, words: &str) -> Vec<&Entry> {
        let words = words.to_lowercase();
        let has = |entry: &&Entry| {
            let text = format!("{} {}", entry.line, entry.text.replace('\n', " ")).to_lowercase();
            words.split_whitespace().all(|word| text.contains(word))
        };
        self.entries.iter().filter(has).collect()
    }

    /// The text of an entry, and of the section that it refers to.
    pub fn advice(&self, entry: &Entry) -> String {
        let text = entry.text.replace('\n', " ");
        let refers = |section: &&Section| text.contains(&format!("see '{}'", section.title));
        match self.sections.iter().find(refers) {
            Some(section) => {
                let text = section.paragraphs.join("\n\n");
                format!("{}\n\n{}:\n{text}", entry.text, section.title)
            }
            None => entry.text.clone(),
        }
    }
}

fn is_underline(line: &str) -> bool {
    line.len() > 2 && (line.chars().all(|c| c == '=') || line.chars().all(|c| c == '-'))
}

/// The text with quotes in the place of markup.
fn plain(text: &str) -> String {
    text.replace("``", "'").replace("`_", "'").replace('`', "'")
}

/// `line` without the time and the host before the message.
fn from_message(line: &str) -> &str {
    let marks = ["efi: ", "EFI stub: ", "[Firmware Bug]: "];
    let starts = marks.iter().filter_map(|mark| line.find(mark));
    starts.min().map_or(line, |start| &line[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_read_and_explained() {
        let page = Page::read();
        assert_eq!(page.entries.len(), PAGE.lines().filter_map(term).count());
        assert!(page.entries.len() > 150, "{}", page.entries.len());
        for entry in &page.entries {
            assert!(
                !entry.text.is_empty() && !entry.text.contains('`'),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn lines_and_reasons_find_their_entry() {
        let page = Page::read();
        for (line, entry) in [
            (
                "[    0.062143] efi: rtmap: ident, inherited from generation 1, SVAM not called here (called-ident by generation 0), 6 regions",
                "efi: rtmap: <kind>, inherited from generation <number>, SVAM not called here (<state> by generation <number>), <count> regions",
            ),
            (
                "Nov 28 15:46:17 host kernel: efi: rtmap: [Firmware Bug]: SetVariable is off: its pointer is NULL",
                "efi: rtmap: [Firmware Bug]: <service> is off: its pointer is NULL",
            ),
            ("firmware is 32-bit", "firmware is 32-bit"),
            (
                "an earlier kernel stopped inside firmware call 12 (GetTime); boot with efi=rtmap:retry to use it all the same",
                "efi: rtmap: runtime services off: an earlier kernel stopped inside firmware call <count> (<service>); boot with efi=rtmap:retry to use it all the same",
            ),
        ] {
            assert_eq!(page.explaining(line).map(|entry| entry.line), Some(entry));
        }
        assert_eq!(page.explaining("all is well"), None);
    }

    #[test]
    fn advice_includes_the_section_that_it_names() {
        let page = Page::read();
        let entry =
            page.explaining("efi: rtmap: [Firmware Bug]: GetTime is off: its pointer is NULL");
        let advice = page.advice(entry.unwrap());
        assert!(advice.contains("EFI_UNSUPPORTED"), "{advice}");
    }
}
