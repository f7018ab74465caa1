// SPDX-License-Identifier: GPL-2.0

//! SMBIOS: the entry point, and the structures.

use super::*;
use crate::plan::{
    choice::quirk::quirk,
    firmware::{
        entry_point::{
            EntryPoint,
            ENTRY_POINT_SIZE, //
        },
        smbios::System,
    },
};

/// Byte 0: bit 0 corrects the sum of the entry point, and the other bits are the place at which the
/// structures are cut off. Then come an entry point and the structures.
pub fn smbios(data: &[u8]) {
    let [options, rest @ ..] = data else {
        return;
    };
    let (start, table) = rest.split_at(rest.len().min(ENTRY_POINT_SIZE));
    let mut start = start.to_vec();
    if options & 1 != 0 {
        sum_up(&mut start);
    }
    entry_point(&start);

    let system = System::read(table);
    if let Some(found) = &system {
        string(found.manufacturer, table);
        string(found.version, table);
    }
    assert!(quirk(table).is_none() || system.is_some());

    let part = &table[..table.len() * usize::from(options >> 1) / 128];
    let found = System::read(part);
    assert!(found.is_none() || found == system, "another one in a part");
}

fn string(string: &[u8], table: &[u8]) {
    assert!(!string.contains(&0));
    assert!(string.is_empty() || table.windows(string.len()).any(|part| part == string));
}

fn sum_up(bytes: &mut [u8]) {
    let at = if bytes.starts_with(b"_SM3_") { 5 } else { 4 };
    let Some(length) = bytes.get(at + 1).map(|&length| usize::from(length)) else {
        return;
    };
    bytes[at] = 0;
    let whole = &bytes[..length.min(bytes.len())];
    bytes[at] = whole
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
}

fn entry_point(bytes: &[u8]) {
    let Some(found) = EntryPoint::read(bytes) else {
        return;
    };
    assert!((1..=1 << 20).contains(&found.length));
    let wide = bytes.starts_with(b"_SM3_");
    assert!(wide || bytes.starts_with(b"_SM_"));
    let length = usize::from(bytes[if wide { 6 } else { 5 }]);
    let sum = bytes[..length]
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    assert_eq!(sum, 0);
    assert_eq!(EntryPoint::read(&bytes[..length]), Some(found));
    assert_eq!(EntryPoint::read(&bytes[..length - 1]), None);
}
