// SPDX-License-Identifier: GPL-2.0

//! The entries of the page of messages in the administrator's guide: lines with names in the places of
//! values.

extern crate alloc;

use alloc::vec::Vec;

/// The message of a line of the page that consists only of a message.
pub fn term(line: &str) -> Option<&str> {
    let term = line.strip_prefix("``")?.strip_suffix("``")?;
    (!term.contains('`')).then_some(term)
}

/// Splits `text` at the values in braces or angle brackets.
pub fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['{', '<']) {
        let Some(end) = rest[start..].find(['}', '>']) else {
            break;
        };
        parts.push(&rest[..start]);
        rest = &rest[start + end + 1..];
    }
    parts.push(rest);
    parts
}

/// Bytes that `line` has in common with `entry`, if it is that entry with values in the places of
/// names. Of several entries, the one with most of them explains the line.
pub fn likeness(entry: &str, line: &str) -> Option<usize> {
    let parts = split(entry);
    let is_entry = match &parts[..] {
        [first, middle @ .., last] => has_parts(line, first, middle, last),
        _ => line == entry,
    };
    is_entry.then(|| parts.iter().map(|part| part.len()).sum())
}

/// Tells if the parts are in `line` in this order, the first at its start and the last at its end.
fn has_parts(line: &str, first: &str, middle: &[&str], last: &str) -> bool {
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}
