// SPDX-License-Identifier: GPL-2.0

//! The fuzz targets with the same inputs each time, so that `cargo test` runs them too.

use super::*;
use crate::{
    plan::fixtures::{
        code,
        data, //
    },
    recorded::noise,
};

/// The memory map of a firmware with data and code, after its length.
fn with_length() -> Vec<u8> {
    let descriptors = [data(0x10_0000, 4), code(0x20_0000, 0x13)];
    let mut bytes = vec![0; descriptors.len() * DESC_SIZE];
    for (descriptor, slot) in descriptors.iter().zip(bytes.chunks_exact_mut(DESC_SIZE)) {
        descriptor.write(slot);
    }
    let length = (bytes.len() as u16).to_le_bytes();
    [&length, &*bytes].concat()
}

#[test]
fn whatever_the_facts_the_take_over_keeps_its_promises() {
    let noise = noise(1 << 16);
    for start in 0..2048 {
        take_over(&noise[start * 16..][..512]);
    }
}

#[test]
fn whatever_firmware_answers_no_more_comes_back() {
    let noise = noise(1 << 16);
    for start in 0..4096 {
        answers(&noise[start * 14..][..512]);
    }
}

#[test]
fn no_word_of_a_table_can_be_anything() {
    for kind in 0..3 {
        for options in 0..16 {
            let seed = [&[kind, options][..], &with_length()].concat();
            handover(&seed);
            for at in (0u16..400).step_by(4) {
                for word in [0u32, 1, 0x7f, u32::MAX] {
                    let patch = [&at.to_le_bytes()[..], &word.to_le_bytes()].concat();
                    handover(&[&*seed, &patch].concat());
                }
            }
        }
    }
}
