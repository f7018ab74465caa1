// SPDX-License-Identifier: GPL-2.0

//! The entry point: where the structures are.

use crate::plan::base::{
    addr::PhysAddr,
    bytes::{
        u16_at,
        u32_at,
        u64_at, //
    },
};

/// How many bytes to map of an entry point: no version of it is longer.
pub(crate) const ENTRY_POINT_SIZE: usize = 32;

/// The most that is read of a table. Real ones have some ten kilobytes, and a 64-bit entry point
/// may claim 4 GiB; processors come early.
const MAX_LENGTH: usize = 1 << 20;

/// Where the structure table lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntryPoint {
    pub(crate) table: PhysAddr,
    /// How many bytes it has at most.
    pub(crate) length: usize,
}

impl EntryPoint {
    /// Reads the entry point, 64-bit or 32-bit, that `bytes` begins with. [`None`] if it is none,
    /// or damaged.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (table, length) = if let Some(bytes) = summed(bytes, b"_SM3_", 6, 24) {
            (
                u64_at(bytes, 16)?,
                usize::try_from(u32_at(bytes, 12)?).ok()?,
            )
        } else {
            // 31 bytes, but version 2.1 of the specification said 30, and firmware followed it.
            let bytes = summed(bytes, b"_SM_", 5, 30)?;
            (u32_at(bytes, 24)?.into(), u16_at(bytes, 22)?.into())
        };
        (length > 0).then_some(Self {
            table: PhysAddr::new(table),
            length: length.min(MAX_LENGTH),
        })
    }
}

/// The bytes of an entry point, whose length stands at `length_at` and is `least` or more, if
/// `bytes` has all of them, they begin with `anchor`, and their sum is 0.
fn summed<'a>(bytes: &'a [u8], anchor: &[u8], length_at: usize, least: usize) -> Option<&'a [u8]> {
    let length = usize::from(*bytes.get(length_at)?);
    let whole = bytes.get(..length)?;
    let sum = whole
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    (length >= least && whole.starts_with(anchor) && sum == 0).then_some(whole)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_smbios_entry_point)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    /// An entry point whose checksum is right, and whose other bytes mean nothing.
    fn entry_point(anchor: &[u8], length: u8, table: u64, size: u32) -> [u8; ENTRY_POINT_SIZE] {
        let mut bytes = [0xee; ENTRY_POINT_SIZE];
        bytes[..anchor.len()].copy_from_slice(anchor);
        bytes[anchor.len() + 1] = length;
        if anchor == b"_SM3_" {
            bytes[12..16].copy_from_slice(&size.to_le_bytes());
            bytes[16..24].copy_from_slice(&table.to_le_bytes());
        } else {
            bytes[22..24].copy_from_slice(&(size as u16).to_le_bytes());
            bytes[24..28].copy_from_slice(&(table as u32).to_le_bytes());
        }
        bytes[anchor.len()] = 0;
        let summed = bytes[..usize::from(length).min(ENTRY_POINT_SIZE)].iter();
        let sum = summed.fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
        bytes[anchor.len()] = sum.wrapping_neg();
        bytes
    }

    fn read(bytes: &[u8]) -> Option<(u64, usize)> {
        EntryPoint::read(bytes).map(|found| (found.table.value(), found.length))
    }

    #[test]
    fn reads_entry_points_of_either_kind() {
        let high = 0x12_3456_7000;
        for length in [24, 31, 32] {
            let bytes = entry_point(b"_SM3_", length, high, 0x1_2345);
            assert_eq!(read(&bytes), Some((high, 0x1_2345)));
        }
        for length in [30, 31] {
            let bytes = entry_point(b"_SM_", length, 0xf000_1000, 0x2345);
            assert_eq!(read(&bytes), Some((0xf000_1000, 0x2345)));
        }
        let huge = entry_point(b"_SM3_", 24, high, u32::MAX);
        assert_eq!(read(&huge), Some((high, 1 << 20)));
    }

    #[test]
    fn refuses_what_is_no_entry_point() {
        for (anchor, length) in [(&b"_SM3_"[..], 24), (b"_SM_", 31)] {
            let good = entry_point(anchor, length, 0x1000, 0x100);
            let used = usize::from(length);
            for at in 0..used {
                let mut bytes = good;
                bytes[at] ^= 1;
                assert_eq!(read(&bytes), None);
                assert_eq!(read(&good[..at]), None);
            }
            assert!(read(&good[..used]).is_some());
            let least = length & !1;
            let short = entry_point(anchor, least - 1, 0x1000, 0x100);
            assert_eq!(read(&short), None);
            assert_eq!(read(&entry_point(anchor, 33, 0x1000, 0x100)), None);
            assert_eq!(read(&entry_point(anchor, length, 0x1000, 0)), None);
        }
    }

    #[test]
    fn a_right_sum_does_not_make_an_entry_point() {
        for (anchor, length) in [(&b"_SM4_"[..], 24), (b"_SN_", 31), (b"_sm_", 31)] {
            assert_eq!(read(&entry_point(anchor, length, 0x1000, 0x100)), None);
        }
    }
}
