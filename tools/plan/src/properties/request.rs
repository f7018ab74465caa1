// SPDX-License-Identifier: GPL-2.0

//! The command line: it may hold anything, and the last word wins.

use super::*;
use crate::plan::choice::request::Request;
use core::num::NonZero;
use std::string::String;

const WORDS: [&str; 6] = ["auto", "phys", "ident", "fixed", "off", "retry"];

fn parse(option: &[u8]) -> (Request, Vec<Vec<u8>>) {
    let mut unknown = Vec::new();
    let request = Request::default().add(option, |word| unknown.push(word.to_vec()));
    (request, unknown)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&WORDS[..]).prop_map(|word| std::format!("rtmap:{word}")),
        "[a-z:=]{0,6}",
        "rtmap:[a-z]{0,6}",
        "rtmap:timeout=[0-9]{0,6}",
        "rtmap:timeout=[0-9]{0,9}ms",
    ]
}

fn milliseconds(limit: &str) -> Option<u32> {
    let limit: u64 = match limit.strip_suffix("ms") {
        Some(milliseconds) => milliseconds.parse().ok()?,
        None => limit.parse::<u64>().ok()? * 1000,
    };
    (1..=65_535_000).contains(&limit).then_some(limit as u32)
}

proptest! {
    #[test]
    fn no_bytes_panic(option in vec(any::<u8>(), 0..64)) {
        let (request, unknown) = parse(&option);
        let ours = option.windows(6).any(|window| window == b"rtmap:");
        prop_assert!(ours || request == Request::default() && unknown.is_empty());
    }

    #[test]
    fn the_last_word_wins(words in vec(word(), 0..8)) {
        let (request, unknown) = parse(words.join(",").as_bytes());
        let all = unknown.len();
        let ours = words.iter().filter_map(|word| word.strip_prefix("rtmap:"));
        let (timeouts, ours): (Vec<_>, Vec<_>) = ours.partition(|word| word.starts_with("timeout="));
        let limits = timeouts.iter().map(|word| milliseconds(&word["timeout=".len()..]));
        let (good, wrong): (Vec<_>, Vec<_>) = limits.partition(Option::is_some);
        prop_assert_eq!(request.timeout.map(NonZero::get), good.last().copied().flatten());
        let unknown: Vec<_> = unknown.into_iter().filter(|word| !word.starts_with(b"timeout=")).collect();
        prop_assert_eq!(all, unknown.len() + wrong.len());
        let bad: Vec<&&str> = ours.iter().filter(|word| !WORDS.contains(word)).collect();
        prop_assert!(unknown.iter().eq(bad.iter().map(|word| word.as_bytes())));
        prop_assert_eq!(request.retry, ours.contains(&"retry"));

        let mut choices = ours.iter().rev().filter(|word| **word != "retry");
        let last = choices.clone().next().copied();
        prop_assert_eq!(request.off, last == Some("off"));
        let chosen = choices.find(|word| **word != "off").copied();
        let name = chosen.filter(|word| WORDS.contains(word)).unwrap_or("auto");
        prop_assert_eq!(request.name(), name);
    }
}
