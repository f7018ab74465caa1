// SPDX-License-Identifier: GPL-2.0

//! SMBIOS: no bytes harm the reader, and the first structure that was written is found first.

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

/// One structure: its type, its fields behind the header, and its strings.
type Structure = (u8, Vec<u8>, Vec<Vec<u8>>);

fn structure() -> impl Strategy<Value = Structure> {
    let ty = prop_oneof![4 => Just(1u8), 6 => 0u8..127];
    let string = vec(1u8.., 1..12);
    (ty, vec(any::<u8>(), 0..40), vec(string, 0..5))
}

fn bytes_of(structures: &[Structure]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (ty, fields, strings) in structures {
        bytes.extend([*ty, fields.len() as u8 + 4, 0, 0]);
        bytes.extend(fields);
        strings.iter().for_each(|string| {
            bytes.extend(string);
            bytes.push(0);
        });
        bytes.extend(&[0, 0][usize::from(!strings.is_empty())..]);
    }
    bytes
}

/// The names of the machine that should be found.
fn first(structures: &[Structure]) -> Option<[Vec<u8>; 2]> {
    let (_, fields, strings) = structures.iter().find(|(ty, ..)| *ty == 1)?;
    Some([0, 2].map(|at| {
        let number = fields.get(at).map_or(0, |number| usize::from(*number));
        strings
            .get(number.wrapping_sub(1))
            .cloned()
            .unwrap_or_default()
    }))
}

fn found(bytes: &[u8]) -> Option<[Vec<u8>; 2]> {
    let found = System::read(bytes)?;
    Some([found.manufacturer, found.version].map(<[u8]>::to_vec))
}

proptest! {
    #[test]
    fn what_is_written_is_read(structures in vec(structure(), 0..8), low: bool, cut: Index) {
        let mut structures = structures;
        for (_, fields, _) in &mut structures {
            // These string numbers may be right.
            for at in [0, 2] {
                if let Some(number) = fields.get_mut(at).filter(|_| low) {
                    *number %= 7;
                }
            }
        }
        let mut bytes = bytes_of(&structures);
        let expected = first(&structures);
        prop_assert_eq!(found(&bytes), expected.clone());
        let part = found(&bytes[..cut.index(bytes.len() + 1)]);
        prop_assert!(part.is_none() || part == expected);
        bytes.extend([127, 4, 0, 0, 0, 0]);
        bytes.extend(bytes_of(&[(1, vec![7; 3], vec![vec![b'x']; 7])]));
        prop_assert_eq!(found(&bytes), expected);
    }

    #[test]
    fn no_table_panics(bytes in vec(prop_oneof![2 => 0u8..6, 1 => any::<u8>()], 0..300)) {
        if let Some(found) = System::read(&bytes) {
            prop_assert!(found.version.len() < bytes.len());
        }
        quirk(&bytes);
    }

    #[test]
    fn no_entry_point_panics(
        bytes in vec(any::<u8>(), 0..40),
        anchor in select(vec![&b"_SM3_"[..], b"_SM_", b""]),
        length in prop_oneof![20u8..36, any::<u8>()],
        summed: bool,
    ) {
        let mut bytes = bytes;
        if bytes.len() > 7 {
            bytes[..anchor.len()].copy_from_slice(anchor);
            bytes[anchor.len() + 1] = length;
            bytes[7] = 0;
            if let Some(whole) = bytes.get(..usize::from(length)).filter(|_| summed) {
                bytes[7] = whole.iter().fold(0, |sum: u8, byte| sum.wrapping_sub(*byte));
            }
        }
        if let Some(found) = EntryPoint::read(&bytes) {
            prop_assert!(usize::from(length) <= bytes.len() && !anchor.is_empty());
            prop_assert!((1..=1 << 20).contains(&found.length));
            let sum = bytes[..usize::from(length)].iter().fold(0, |sum: u8, b| sum.wrapping_add(*b));
            prop_assert_eq!(sum, 0);
            let short = &bytes[..bytes.len().min(ENTRY_POINT_SIZE)];
            prop_assert!(length > 32 || EntryPoint::read(short) == Some(found));
        }
    }
}
