// SPDX-License-Identifier: GPL-2.0

//! The page of messages: a definition list whose terms are messages.

use crate::source::split;

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
        let matching = self.entries.iter().filter(|entry| matches(entry, line));
        let shared = |entry: &&String| split(entry).iter().map(|part| part.len()).sum::<usize>();
        matching.max_by_key(shared).map(String::as_str)
    }
}

/// The message of a line that consists only of a message.
fn term(line: &str) -> Option<&str> {
    let term = line.strip_prefix("``")?.strip_suffix("``")?;
    (!term.contains('`')).then_some(term)
}

/// Tells if `line` is `entry` with values in the places of names.
fn matches(entry: &str, line: &str) -> bool {
    let parts = split(entry);
    let [first, rest @ ..] = &parts[..] else {
        return false;
    };
    let Some((last, middle)) = rest.split_last() else {
        return line == *first;
    };
    let Some(mut line) = line.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        let Some((_, after)) = line.split_once(part) else {
            return false;
        };
        line = after;
    }
    line.ends_with(last)
}
