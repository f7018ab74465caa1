// SPDX-License-Identifier: GPL-2.0

//! The entry point: the place of the structures.

use crate::plan::base::{
    addr::PhysAddr,
    bytes::{
        u16_at,
        u32_at,
        u64_at, //
    },
};

/// The bytes of an entry point to map: no version of it is longer.
pub(crate) const ENTRY_POINT_SIZE: usize = 32;

/// The most bytes to read of a table. Real tables have some ten kilobytes, and a 64-bit entry point
/// may claim 4 GiB. The structures of the machine come early.
const MAX_LENGTH: usize = 1 << 20;

/// The place of the structure table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntryPoint {
    pub(crate) table: PhysAddr,
    /// The largest size of the table in bytes.
    pub(crate) length: usize,
}

impl EntryPoint {
    /// Reads the 64-bit or 32-bit entry point at the start of `bytes`. Returns [`None`] if there is
    /// none, or if it is damaged.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (table, length) = if let Some(bytes) = summed(bytes, b"_SM3_", 6, 24) {
            (
                u64_at(bytes, 16)?,
                usize::try_from(u32_at(bytes, 12)?).ok()?,
            )
        } else {
            // The size is 31 bytes, but version 2.1 of the specification said 30, and firmware
            // followed it.
            let bytes = summed(bytes, b"_SM_", 5, 30)?;
            (u32_at(bytes, 24)?.into(), u16_at(bytes, 22)?.into())
        };
        (length > 0).then_some(Self {
            table: PhysAddr::new(table),
            length: length.min(MAX_LENGTH),
        })
    }
}

/// Returns the bytes of an entry point. Its length is at `length_at` and is at least `least`. It
/// begins with `anchor`, and its bytes add up to 0. All of it is in `bytes`.
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

    /// An entry point with a right checksum. Its other bytes mean nothing.
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
