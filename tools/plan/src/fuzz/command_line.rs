// SPDX-License-Identifier: GPL-2.0

//! The `efi=` option of the command line.

use super::*;
use crate::plan::{
    base::kind::{
        Kind,
        Privilege, //
    },
    choice::request::Request,
    user::{
        function::Function,
        grant::is_good,
        port::Ports, //
    },
};
use core::num::NonZero;

/// Reads the option as it is on the command line.
pub fn command_line(data: &[u8]) {
    let mut unknown = 0;
    let request = Request::default().add(data, |word| {
        assert!(!word.contains(&b','));
        unknown += 1;
    });
    assert_eq!(Request::from_bits(request.to_bits()), request);

    // The same in other words: of our words the last one counts, and time limits count separately.
    let words = || data.split(|&byte| byte == b',');
    let ours = words().filter_map(|word| word.strip_prefix(b"rtmap:"));
    let (limits, ours): (Vec<_>, Vec<_>) = ours.partition(|word| word.starts_with(b"timeout="));
    let (lists, ours): (Vec<_>, Vec<_>) = ours
        .into_iter()
        .partition(|word| word.starts_with(b"ports=") || word.starts_with(b"calls="));
    let (privileges, ours): (Vec<_>, Vec<_>) = ours
        .into_iter()
        .partition(|word| privilege_of(word).is_some());
    let good_limits: Vec<_> = limits
        .iter()
        .filter_map(|word| milliseconds(&word[8..]))
        .collect();
    let last = good_limits.last().copied();
    assert_eq!(request.timeout.map(NonZero::get), last);
    let last = privileges.last().and_then(|word| privilege_of(word));
    assert_eq!(request.privilege, last);
    let is_bad =
        |word: &&&[u8]| is_good::<Ports>(word).or_else(|| is_good::<Function>(word)) == Some(false);
    let bad_lists = lists.iter().filter(is_bad).count();
    let known = |word: &[u8]| kind_of(word).is_some() || WORDS.contains(&word);
    let bad = ours.iter().filter(|word| !known(word)).count();
    assert_eq!(bad + bad_lists + limits.len() - good_limits.len(), unknown);
    assert_eq!(request.retry, ours.contains(&&b"retry"[..]));
    let mut choices = ours.iter().rev().filter(|word| **word != b"retry");
    let last = choices.clone().next();
    assert_eq!(request.off, last.is_some_and(|word| **word == *b"off"));
    let chosen = choices.find(|word| **word != b"off");
    assert_eq!(request.kind, chosen.and_then(|word| kind_of(word)));

    // Options add up: the line can be cut between any two words.
    for (at, _) in data.iter().enumerate().filter(|(_, byte)| **byte == b',') {
        let first = Request::default().add(&data[..at], |_| ());
        assert_eq!(first.add(&data[at + 1..], |_| ()), request);
    }
}

const WORDS: [&[u8]; 3] = [b"auto", b"off", b"retry"];

fn kind_of(word: &[u8]) -> Option<Kind> {
    let mut kinds = Kind::ALL.into_iter();
    kinds.find(|kind| kind.name().as_bytes() == word)
}

fn privilege_of(word: &[u8]) -> Option<Privilege> {
    match word {
        b"user" | b"user=learn" | b"user=enforce" => Some(Privilege::User),
        b"kernel" => Some(Privilege::Kernel),
        _ => None,
    }
}

/// Seconds, or milliseconds with their unit.
fn milliseconds(word: &[u8]) -> Option<u32> {
    let (number, unit) = match word.strip_suffix(b"ms") {
        Some(number) => (number, 1),
        None => (word, 1000),
    };
    let number: u32 = core::str::from_utf8(number).ok()?.parse().ok()?;
    (1..=65_535_000 / unit)
        .contains(&number)
        .then(|| number * unit)
}
