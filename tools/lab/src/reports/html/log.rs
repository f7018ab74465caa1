// SPDX-License-Identifier: GPL-2.0
//! Logs on a page: the lines that matter, and all of them.

use maud::{html, Markup};

use crate::judge::log::complains;

/// Lines about firmware and about the way to the next kernel.
const MATTERS: [&str; 6] = [
    "efi: ",
    "efivars",
    "Linux version",
    "kexec",
    "KHO",
    "Run /init",
];
/// Lines shown before and after trouble.
const BEFORE: usize = 3;
const AFTER: usize = 12;

/// Without the escapes and control characters that firmware writes.
pub fn clean(text: &str) -> String {
    strip_ansi_escapes::strip_str(text.replace('\t', "    "))
}

/// The lines that matter, and those with trouble or with a text that was `seen`. Gaps tell their
/// length.
pub fn excerpt(log: &str, seen: &[&str]) -> Markup {
    let log = clean(log);
    let lines: Vec<&str> = log.lines().collect();
    let trouble: Vec<bool> = lines
        .iter()
        .map(|line| complains(line) || seen.contains(line))
        .collect();
    let mut shown = vec![false; lines.len()];
    for (number, line) in lines.iter().enumerate() {
        shown[number] |= MATTERS.iter().any(|word| line.contains(word));
        if trouble[number] {
            let end = lines.len().min(number + AFTER + 1);
            shown[number.saturating_sub(BEFORE)..end].fill(true);
        }
    }
    let mut number = 0;
    html! {
        div class="log" {
            @for run in shown.chunk_by(|a, b| a == b) {
                @let first = { number += run.len(); number - run.len() };
                @if run[0] {
                    @for place in first..number { (line(place, lines[place], trouble[place])) }
                } @else {
                    div class="gap" { "⋯ " (super::page::count(run.len(), "line")) }
                }
            }
        }
    }
}

/// The last lines.
pub fn end(log: &str, count: usize) -> Markup {
    let log = clean(log);
    let lines: Vec<&str> = log.lines().collect();
    let first = lines.len().saturating_sub(count);
    html! {
        div class="log" {
            @if lines.is_empty() { div class="gap" { "nothing" } }
            @for (number, text) in lines.iter().enumerate().skip(first) {
                (line(number, text, complains(text)))
            }
        }
    }
}

/// Trouble has a sign, and not only a colour.
fn line(number: usize, text: &str, trouble: bool) -> Markup {
    let sign = if trouble { "!" } else { "" };
    html! {
        div class=[trouble.then_some("trouble")] {
            i { (number + 1) } b { (sign) } span { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_cannot_move_the_cursor() {
        assert_eq!(
            clean("\u{1b}[2J\u{1b}[01;01H\u{1b}[=3ha\tb\u{0}\r\n"),
            "a    b\n"
        );
    }

    #[test]
    fn lines_without_a_meaning_are_a_gap() {
        let noise = "noise\n".repeat(40);
        let log = format!("{noise}[1.0] efi: EFI v2.7\n{noise}BUG: bad\n{noise}");
        let shown = excerpt(&log, &[]).into_string();
        assert_eq!(shown.matches("<span>noise").count(), BEFORE + AFTER);
        for part in [
            "⋯ 40 lines",
            "⋯ 37 lines",
            "⋯ 28 lines",
            "<b>!</b><span>BUG: bad",
        ] {
            assert!(shown.contains(part), "{part} not in {shown}");
        }
        assert!(!excerpt("a\n", &[]).into_string().contains("<span>a"));
        assert!(excerpt("a\n", &["a"]).into_string().contains("<span>a"));
    }
}
