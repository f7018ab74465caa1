// SPDX-License-Identifier: GPL-2.0

//! Dependencies that the kernel's crate allows. Only a test can keep these rules.

mod tree;

use std::fs;

use tree::{files, top};

const CRATE: &str = "drivers/firmware/efi/rust";

/// The lines of all Rust files of the kernel's crate, without comments, each with the file's path
/// and the line's number.
fn lines() -> Vec<(String, usize, String)> {
    let top = top();
    let found = [CRATE, "arch"].map(|folder| files(&top.join(folder)));
    let mut lines = Vec::new();
    for file in found.concat() {
        if file.extension() != Some("rs".as_ref()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&top).unwrap().display().to_string();
        for (number, line) in (1..).zip(text.lines()) {
            if !line.trim_start().starts_with("//") {
                lines.push((name.clone(), number, line.to_owned()));
            }
        }
    }
    lines
}

/// Every line that contains `word`, outside the files that `allowed` names.
fn strays(word: &str, allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let found = lines();
    assert!(found.len() > 1000, "the crate was not found");
    found
        .into_iter()
        .filter(|(file, _, line)| !allowed(file) && line.contains(word))
        .map(|(file, number, line)| format!("{file}:{number}: {line}"))
        .collect()
}

/// Tells if a file belongs to an architecture, or is one of `names`, or in such a folder.
fn is<'a>(names: &'a [&'a str]) -> impl Fn(&str) -> bool + 'a {
    move |file| {
        let named = |name: &&str| file.starts_with(&format!("{CRATE}/{name}"));
        file.starts_with("arch/") || names.iter().any(named)
    }
}

#[test]
fn c_is_called_by_ffi_and_arch_only() {
    assert_eq!(strays("bindings", is(&["ffi/"])), [""; 0]);
}

#[test]
fn c_comes_in_by_exports_only() {
    assert_eq!(strays("extern \"C\"", is(&["exports/"])), [""; 0]);
}

#[test]
fn unsafe_is_where_it_is_expected() {
    // The contract of an architecture declares it.
    let allowed = [
        "arch.rs",
        "call/mod.rs",
        "call/user/access.rs",
        "exports/",
        "ffi/",
    ];
    for word in ["unsafe ", "(unsafe_code)"] {
        let strays: Vec<_> = strays(word, is(&allowed))
            .into_iter()
            .filter(|line| !line.contains("forbid(") && !line.contains("deny("))
            .collect();
        assert_eq!(strays, [""; 0], "{word}");
    }
}

#[test]
fn svam_is_called_in_one_place() {
    // Some firmware answers a second call only with an error. Then no boot shows the second call.
    let make = format!("{CRATE}/takeover/make.rs:");
    for (word, expected) in [
        ("Arch::set_virtual_address_map", make.as_str()),
        ("efi_rtmap_svam(", "arch/x86/efi/svam.rs:"),
    ] {
        let calls = strays(word, |_| false);
        assert!(
            calls.len() == 1 && calls[0].starts_with(expected),
            "{calls:#?}"
        );
    }
}

#[test]
fn the_plan_uses_core_and_itself() {
    let plan = format!("{CRATE}/plan/");
    for word in ["kernel::", "alloc::", "std::", "pr_", "crate::"] {
        let strays: Vec<_> = strays(word, |file| !file.starts_with(&plan))
            .into_iter()
            // These are allowed: the KUnit attribute of tests, paths of the plan, and the tests'
            // own function.
            .filter(|line| !line.contains("::kernel::macros::kunit_tests("))
            .filter(|line| !line.contains("crate::plan") && !line.contains("crate::crc32"))
            .collect();
        assert_eq!(strays, [""; 0], "{word}");
    }
}

#[test]
fn nothing_sorts_on_the_stack() {
    for word in [".sort_unstable", ".sort_by", ".sort("] {
        assert_eq!(
            strays(word, |_| false),
            [""; 0],
            "plan/base/sort.rs does it in place"
        );
    }
}
