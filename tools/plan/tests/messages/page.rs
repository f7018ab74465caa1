// SPDX-License-Identifier: GPL-2.0

//! The page of messages: a definition list whose terms are messages.

use efi_rtmap_plan::message::{likeness, term};

#[derive(Debug, Default)]
pub struct Page {
    /// The terms of the list.
    pub entries: Vec<String>,
    /// Other literals, in the explanations.
    pub quoted: Vec<String>,
    /// Terms without an explanation.
    pub unexplained: Vec<String>,
}

impl Page {
    pub fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut explanation = String::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(term) = term(line) else {
                explanation += line;
                explanation.push(' ');
                continue;
            };
            page.entries.push(term.to_owned());
            if !lines.peek().is_some_and(|next| next.starts_with("    ")) {
                page.unexplained.push(term.to_owned());
            }
        }
        let words: Vec<_> = explanation.split_whitespace().collect();
        let explanation = words.join(" ");
        page.quoted = explanation
            .split("``")
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        page
    }

    /// The entry that explains a line of the log: of the matching entries, the one with the most
    /// text in common.
    pub fn explaining(&self, line: &str) -> Option<&str> {
        let entries = self.entries.iter();
        let matching = entries.filter_map(|entry| Some((likeness(entry, line)?, entry)));
        let (_, entry) = matching.max_by_key(|(shared, _)| *shared)?;
        Some(entry)
    }
}
