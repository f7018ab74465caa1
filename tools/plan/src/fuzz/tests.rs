// SPDX-License-Identifier: GPL-2.0

//! The targets themselves, with inputs that are the same each time: that they run under `cargo test`
//! too, and that what is damaged is reached at all.

use super::*;
use crate::plan::fixtures::{
    code,
    data, //
};

/// The bytes of a firmware with data and code, their length before them.
fn with_length() -> Vec<u8> {
    let descriptors = [data(0x10_0000, 4), code(0x20_0000, 0x13)];
    let mut bytes = vec![0; descriptors.len() * DESC_SIZE];
    for (descriptor, slot) in descriptors.iter().zip(bytes.chunks_exact_mut(DESC_SIZE)) {
        descriptor.write(slot);
    }
    let length = (bytes.len() as u16).to_le_bytes();
    [&length, &*bytes].concat()
}

/// Numbers that look like chance.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn no_target_minds_noise() {
    let noise = noise(4096);
    for start in 0..512 {
        let some = &noise[start..start * 8];
        memory_map(some);
        runtime_table(some);
        memory_attributes(some);
        handover(some);
        command_line(some);
        smbios(some);
        take_over(some);
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
