// SPDX-License-Identifier: GPL-2.0

//! The derivation of a message from the texts of the code.

use std::collections::BTreeSet;

use efi_rtmap_plan::message::split;

use crate::source::{Source, Text};

pub struct Grammar<'a> {
    source: &'a Source,
    /// Values may be texts too.
    nested: bool,
}

/// The skeletons of the texts that a message was put together from.
type Used = BTreeSet<String>;

impl<'a> Grammar<'a> {
    pub fn new(source: &'a Source) -> Self {
        Self {
            source,
            nested: true,
        }
    }

    /// Derives `message` from a text that is printed, or from a text that is part of others.
    pub fn derive(&self, message: &str) -> Option<Used> {
        let whole = self.source.prints.iter().chain(&self.source.fragments);
        let mut whole: Vec<_> = whole.filter(|text| text.has_words()).collect();
        whole.sort_by_key(|text| std::cmp::Reverse(text.words()));
        whole
            .into_iter()
            .find_map(|text| self.is(text, message))
            .or_else(|| self.bare(message))
    }

    /// Finds the text that an explanation has `quoted`.
    pub fn same_as(&self, quoted: &str) -> Option<String> {
        let skeleton = split(quoted).join("{}");
        self.source
            .fragments
            .iter()
            .map(Text::skeleton)
            .find(|fragment| *fragment == skeleton)
    }

    /// Derives `message` from a print with no words of its own except the prefix.
    fn bare(&self, message: &str) -> Option<Used> {
        self.source
            .prints
            .iter()
            .filter(|text| !text.has_words())
            .find_map(|text| self.is(text, message))
    }

    /// Derives `message` from `text` with values.
    fn is(&self, text: &Text, message: &str) -> Option<Used> {
        let [parts @ .., last] = &text.parts[..] else {
            return None;
        };
        if parts.is_empty() {
            return (message == last).then(|| Used::from([text.skeleton()]));
        }
        let message = message.strip_suffix(last.as_str())?;
        self.begins(text, parts, message)
            .into_iter()
            .find_map(|(used, value)| Some(&used | &self.value(value)?))
    }

    /// All ways in which `message` begins with `parts` of `text`, each with the rest of the
    /// message.
    fn begins<'m>(&self, text: &Text, parts: &[String], message: &'m str) -> Vec<(Used, &'m str)> {
        let Some(message) = message.strip_prefix(&parts[0]) else {
            return Vec::new();
        };
        let mut ways = vec![(Used::from([text.skeleton()]), message)];
        for part in &parts[1..] {
            let mut further = Vec::new();
            for (used, message) in ways {
                for end in ends(message, part) {
                    let (value, after) = message.split_at(end);
                    if let Some(value) = self.value(value) {
                        further.push((&used | &value, &after[part.len()..]));
                    }
                }
            }
            ways = further;
        }
        ways
    }

    /// Derives `value`, which the code may print in the place of a value. A name in angle brackets
    /// stands for any value. Others are numbers, words of the code, or texts.
    fn value(&self, value: &str) -> Option<Used> {
        let is_name = value.starts_with('<') && value.find('>') == Some(value.len() - 1);
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        if is_name || is_number {
            return Some(Used::new());
        }
        let word = || self.source.words.contains(value).then(Used::new);
        if !self.nested {
            return word();
        }
        let fragments = self.source.fragments.iter();
        fragments
            .filter(|text| text.has_words())
            .find_map(|text| self.is(text, value))
            .or_else(word)
            .or_else(|| self.joined(value))
    }

    /// Derives `value` from pieces that one file writes.
    fn joined(&self, value: &str) -> Option<Used> {
        let files: BTreeSet<_> = self
            .source
            .fragments
            .iter()
            .map(|text| &text.file)
            .collect();
        files.into_iter().find_map(|file| self.pieces(file, value))
    }

    fn pieces(&self, file: &str, value: &str) -> Option<Used> {
        if value.is_empty() {
            return Some(Used::new());
        }
        let simple = Grammar {
            nested: false,
            ..*self
        };
        let pieces = self
            .source
            .fragments
            .iter()
            .filter(|text| text.file == file);
        pieces
            .filter(|text| text.parts.iter().any(|part| !part.is_empty()))
            .flat_map(|text| simple.begins(text, &text.parts, value))
            .find_map(|(used, rest)| {
                let others = self.pieces(file, rest)?;
                Some(&used | &others)
            })
    }
}

/// The places at which a value may end. `part` follows the value.
fn ends<'m>(message: &'m str, part: &'m str) -> Vec<usize> {
    if part.is_empty() {
        let within = message.char_indices().map(|(at, _)| at).skip(1);
        return within.chain([message.len()]).collect();
    }
    message.match_indices(part).map(|(at, _)| at).collect()
}
