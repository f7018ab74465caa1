// SPDX-License-Identifier: GPL-2.0

//! What SMBIOS says of the processor: the only name by which some firmware can be told from other.
//!
//! The format is DMTF's DSP0134. Nothing in it can be trusted to be whole: every read is checked,
//! and what cannot be read is absent.

use super::{
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

/// What a processor is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Processor<'a> {
    /// On arm64 the SoC ID and its revision, or else MIDR_EL1 (DSP0134, section 7.5.3).
    pub(crate) id: [u8; 8],
    /// What firmware prints. Empty if it does not say.
    pub(crate) version: &'a [u8],
}

impl<'a> Processor<'a> {
    fn of(structure: &Structure<'a>) -> Option<Self> {
        let number = structure.fields.get(16).copied();
        Some(Self {
            id: u64_at(structure.fields, 8)?.to_le_bytes(),
            version: number
                .and_then(|number| structure.string(number))
                .unwrap_or_default(),
        })
    }
}

/// The first processor in the structure table that `table` begins with, if there is one.
pub(crate) fn processor(table: &[u8]) -> Option<Processor<'_>> {
    let mut rest = table;
    // Each structure takes some of the bytes, so this ends.
    while let Some((structure, behind)) = Structure::first(rest) {
        match structure.ty {
            Structure::PROCESSOR => return Processor::of(&structure),
            Structure::END => return None,
            _ => rest = behind,
        }
    }
    None
}

/// One structure: fields, and the strings that they refer to by number.
struct Structure<'a> {
    ty: u8,
    /// From the header on, so that offsets are those of the specification.
    fields: &'a [u8],
    /// Separated by zeros.
    strings: &'a [u8],
}

impl<'a> Structure<'a> {
    const PROCESSOR: u8 = 4;
    const END: u8 = 127;
    const HEADER_SIZE: usize = 4;

    /// The structure that `bytes` begins with, and what is behind it. [`None`] if not all of it is
    /// there.
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (ty, length) = (*bytes.first()?, usize::from(*bytes.get(1)?));
        if length < Self::HEADER_SIZE {
            return None;
        }
        let (fields, rest) = (bytes.get(..length)?, bytes.get(length..)?);
        // Two zeros, whether there are strings before them or not.
        let end = rest.windows(2).position(|pair| pair == [0, 0])?;
        let structure = Self {
            ty,
            fields,
            strings: rest.get(..end)?,
        };
        Some((structure, rest.get(end.checked_add(2)?..)?))
    }

    /// String `number`, counted from 1: 0 means that there is none.
    fn string(&self, number: u8) -> Option<&'a [u8]> {
        let index = usize::from(number).checked_sub(1)?;
        self.strings.split(|&byte| byte == 0).nth(index)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_smbios)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    /// Firmware with two strings, something inactive without any, two processors, and the end.
    const TABLE: &[u8] = b"\x00\x06\x00\x00\x01\x02Vendor\x001.0\x00\x00\
        \x7e\x04\x07\x00\x00\x00\
        \x04\x11\x04\x00\x01\x03\xfe\x02\x01\x00\x16\x0a\xf1\x00\x00\x00\x03\
        CPU 1\x00Maker\x00Its name\x00\x00\
        \x04\x11\x05\x00\x01\x03\xfe\x02\x02\x00\x16\x0a\xf1\x00\x00\x00\x03\
        CPU 2\x00Maker\x00Another name\x00\x00\
        \x7f\x04\xff\xff\x00\x00";
    const FIRST: Processor<'_> = Processor {
        id: [1, 0, 0x16, 0x0a, 0xf1, 0, 0, 0],
        version: b"Its name",
    };
    /// Where the first processor's structure begins, and what is behind its strings.
    const START: usize = 24;
    const BEHIND: usize = START + 17 + 22;

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

    #[test]
    fn finds_the_first_processor() {
        assert_eq!(processor(TABLE), Some(FIRST));
        let second = processor(&TABLE[BEHIND..]);
        assert!(second.is_some_and(|second| second.version == b"Another name"));
    }

    #[test]
    fn what_is_cut_off_is_not_there() {
        for length in 0..TABLE.len() {
            let expected = Some(FIRST).filter(|_| length >= BEHIND);
            assert_eq!(processor(&TABLE[..length]), expected);
        }
    }

    /// The table with the byte at `offset` of the first processor's structure changed.
    fn changed(offset: usize, value: u8) -> [u8; TABLE.len()] {
        let mut bytes = [0; TABLE.len()];
        bytes.copy_from_slice(TABLE);
        bytes[START + offset] = value;
        bytes
    }

    #[test]
    fn a_string_number_without_a_string_is_no_version() {
        for (number, version) in [
            (0, &b""[..]),
            (1, b"CPU 1"),
            (3, b"Its name"),
            (4, b""),
            (255, b""),
        ] {
            let expected = Processor { version, ..FIRST };
            assert_eq!(processor(&changed(16, number)), Some(expected));
        }
    }

    #[test]
    fn a_short_structure_has_fewer_fields() {
        let unnamed = Processor {
            version: b"",
            ..FIRST
        };
        for (length, expected) in [(15, None), (16, Some(unnamed)), (17, Some(FIRST))] {
            assert_eq!(processor(&changed(1, length)), expected);
        }
    }

    #[test]
    fn stops_at_what_it_cannot_step_over() {
        for length in [0, 1, 3, 255] {
            assert_eq!(processor(&changed(1, length)), None);
        }
        // Too short for a header, and right before what would be found.
        let mut short = [0; TABLE.len()];
        short[..5].copy_from_slice(&[126, 3, 7, 0, 0]);
        short[5..5 + BEHIND - START].copy_from_slice(&TABLE[START..BEHIND]);
        assert_eq!(processor(&short[5..]), Some(FIRST));
        assert_eq!(processor(&short), None);
        let mut endless = [b'x'; 64];
        endless[..17].copy_from_slice(&TABLE[START..START + 17]);
        assert_eq!(processor(&endless), None);
        assert_eq!(processor(&[0; 64]), None);
    }

    #[test]
    fn nothing_is_behind_the_end() {
        let mut bytes = [0; TABLE.len()];
        bytes.copy_from_slice(TABLE);
        bytes[18] = 127;
        assert_eq!(processor(&bytes), None);
        bytes[18] = 126;
        assert_eq!(processor(&bytes), Some(FIRST));
    }
}
