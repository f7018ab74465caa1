// SPDX-License-Identifier: GPL-2.0

//! Links between the pages of this repository have a target.

mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use tree::{files, top};

/// The beginnings of our pages' names, in text of any kind.
const OURS: [&str; 4] = [
    "Documentation/admin-guide/efi-rtmap",
    "Documentation/driver-api/firmware/efi/rtmap",
    "Documentation/ABI/testing/sysfs-firmware-efi-rtmap",
    "docs/results/",
];

/// The folders that are searched for these names.
const FOLDERS: [&str; 10] = [
    ".github",
    "Documentation",
    "arch",
    "docs",
    "drivers",
    "include",
    "rust",
    "samples",
    "series",
    "tools/scenarios",
];
const FILES: [&str; 6] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Kconfig",
    "Makefile",
    "README.md",
    "SECURITY.md",
];

/// All files of [`FOLDERS`] and [`FILES`], with their content.
fn texts() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<_> = FILES.iter().map(|file| top().join(file)).collect();
    paths.extend(FOLDERS.iter().flat_map(|folder| files(&top().join(folder))));
    let text = |path: PathBuf| Some((path.clone(), fs::read_to_string(path).ok()?));
    paths.into_iter().filter_map(text).collect()
}

#[test]
fn our_pages_are_there() {
    let mut count = 0;
    for (path, text) in texts() {
        for ours in OURS {
            for (at, _) in text.match_indices(ours) {
                let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
                let name = text[at..].split(|c| !is_name(c)).next().unwrap();
                let target = top().join(name.trim_end_matches('.'));
                assert!(target.exists(), "{}: {name}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn links_of_markdown_lead_somewhere() {
    let mut count = 0;
    for (path, text) in texts() {
        if path.extension() != Some("md".as_ref()) {
            continue;
        }
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.starts_with("https:") {
                continue;
            }
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", path.display());
            let there = section.is_empty() || sections(&target).contains(&section.to_owned());
            assert!(there, "{}: {link}: {:?}", path.display(), sections(&target));
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
}

/// The names that links use for the sections of a page.
fn sections(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let titles = text.lines().filter(|line| line.starts_with('#'));
    let name = |title: &str| {
        let title = title.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    titles.map(name).collect()
}
