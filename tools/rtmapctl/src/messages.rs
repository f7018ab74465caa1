// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl messages`: entries of the page of messages.

use anyhow::{bail, Result};

use crate::page::{Entry, Page};
use crate::paint::Paint;

/// The entry of a whole line, or all entries with the words of the pattern.
pub fn show(pattern: Option<&str>, paint: Paint) -> Result<String> {
    let page = Page::read();
    let found = match pattern {
        None => page.entries.iter().collect(),
        Some(pattern) => match page.explaining(pattern) {
            Some(entry) => vec![entry],
            None => page.with(pattern),
        },
    };
    if found.is_empty() {
        bail!(
            "no message has {:?}: give a part of the line between two values",
            pattern.unwrap_or_default()
        );
    }
    let entries = found.iter().map(|entry| text(&page, entry, paint));
    Ok(entries.collect::<Vec<_>>().join("\n"))
}

fn text(page: &Page, entry: &Entry, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.heading(entry.line));
    for line in page.advice(entry).lines() {
        text += format!("    {line}").trim_end();
        text.push('\n');
    }
    text
}
