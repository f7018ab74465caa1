// SPDX-License-Identifier: GPL-2.0
//! The frame of every page, and the texts that pages have in common.

use maud::{html, Markup, PreEscaped, DOCTYPE};

use super::log;
use super::summary::State;
use crate::judge::Finding;

const STYLE: &str = include_str!("style.css");

pub fn frame(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(efi_rtmap_picture::STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// A state as a sign and a word, so that colour is not needed.
pub fn badge(state: State) -> Markup {
    html! { span class={ "badge " (state.word()) } { (state.sign()) " " (state.word()) } }
}

pub fn verdict(passed: bool) -> State {
    match passed {
        true => State::Passed,
        false => State::Failed,
    }
}

pub fn finding(finding: &Finding) -> Markup {
    html! {
        dl class="finding" {
            dt { "expected" } dd { (log::clean(&finding.expected)) }
            dt { "seen" } dd { (log::clean(&finding.seen)) }
        }
    }
}

/// "1 scenario", "2 scenarios".
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let counts = [0, 1, 2].map(|number| count(number, "line"));
        assert_eq!(counts, ["0 lines", "1 line", "2 lines"]);
    }
}
