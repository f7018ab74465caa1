// SPDX-License-Identifier: GPL-2.0

//! Recorded firmware with a few words changed: the result is a refusal, or sound.

use super::*;
use crate::fuzz;

/// Changes words of `bytes`. Some get the values of other words.
fn damaged(bytes: &[u8], noise: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let words = bytes.len() / 8;
    for change in noise.chunks_exact(5) {
        let at = |k| usize::from(u16::from_le_bytes([change[k], change[k + 1]])) % words * 8;
        let (from, to) = (at(0), at(2));
        bytes.copy_within(from..from + 8, to);
        bytes[to + 1] ^= change[4] & 0xf0;
    }
    bytes
}

#[test]
fn a_damaged_memory_map_is_refused_or_used() {
    with_each(|firmware| {
        let map = &firmware.recording.firmware.memory_map;
        let units = u8::try_from(map.descriptor_size / 4).unwrap();
        for noise in noise(64 * 40).chunks_exact(40) {
            let bytes = damaged(&firmware.map, noise);
            fuzz::memory_map(&[&[units][..], &bytes].concat());
        }
    });
}

#[test]
fn a_damaged_attributes_table_is_refused_or_used() {
    with_each(|firmware| {
        let Some(table) = &firmware.recording.firmware.memory_attributes else {
            return;
        };
        let (map, table) = (&firmware.map, table.bytes());
        let length = u16::try_from(map.len()).unwrap().to_le_bytes();
        for noise in noise(256 * 20).chunks_exact(20) {
            let bytes = damaged(&table, noise);
            fuzz::memory_attributes(&[&length[..], map, &bytes].concat());
        }
    });
}
