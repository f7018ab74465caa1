// SPDX-License-Identifier: GPL-2.0

//! The command line: the stub reads the same request as the kernel proper.

use efi_rtmap_stub::{c::Request, rust};
use proptest::{collection::vec, prelude::*, sample::select};
use std::ffi::CString;

const KNOWN: [&str; 16] = [
    "auto",
    "phys",
    "ident",
    "fixed",
    "off",
    "retry",
    "user",
    "kernel",
    "user=learn",
    "user=enforce",
    "user=never",
    "ports=0x70-0x71+0xb2",
    "ports=",
    "calls=0xc4000041+0x84000050",
    "timeout=",
    "timeout=60",
];

/// The requests that both sides read from some `efi=` options, one after the other.
fn both(options: &[&[u8]]) -> (Request, Request) {
    let begin = (Request::default(), Request::default());
    options.iter().fold(begin, |(c, rust), option| {
        let string = CString::new(*option).expect("a string without NUL");
        (c.add_option(&string), rust::add_option(rust, option))
    })
}

fn word() -> impl Strategy<Value = String> {
    let known = || select(&KNOWN[..]);
    prop_oneof![
        8 => known().prop_map(|word| format!("rtmap:{word}")),
        // Too long, too short, or without the prefix.
        2 => (known(), "[a-z0-9:= ]{1,2}").prop_map(|(word, more)| format!("rtmap:{word}{more}")),
        2 => (known(), 1usize..9).prop_map(|(word, cut)| {
            let word = format!("rtmap:{word}");
            word[..word.len() - cut].to_owned()
        }),
        1 => known().prop_map(str::to_owned),
        2 => Just("novamap".to_owned()),
        4 => "rtmap:timeout=[+-]?0{0,3}[0-9]{0,6}[ a-z+]?",
        1 => "rtmap:timeout=6553[0-9]",
        2 => "rtmap:timeout=[+-]?[0-9]{0,9}m?s?",
        1 => "rtmap:timeout=6553500[0-9]ms",
        1 => "[ -~]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn words_mean_the_same(options in vec(vec(word(), 0..6), 0..3)) {
        let options: Vec<_> = options.iter().map(|words| words.join(",")).collect();
        let options: Vec<_> = options.iter().map(String::as_bytes).collect();
        let (c, rust) = both(&options);
        prop_assert_eq!(c, rust);
    }

    #[test]
    fn bytes_mean_the_same(option in vec(1u8.., 0..64)) {
        let (c, rust) = both(&[&option]);
        prop_assert_eq!(c, rust);
    }
}

#[test]
fn off_is_taken_back_by_a_kind_only() {
    for (option, off) in [
        ("rtmap:off,rtmap:timeout=60", true),
        ("rtmap:off,rtmap:retry", true),
        ("rtmap:off,debug", true),
        ("rtmap:off,rtmap:retry2", false),
        ("rtmap:off,rtmap:auto", false),
        ("rtmap:offline", false),
    ] {
        let (c, rust) = both(&[option.as_bytes()]);
        assert_eq!((c.off, rust.off), (off, off), "{option}");
    }
}
