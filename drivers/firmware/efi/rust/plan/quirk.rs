// SPDX-License-Identifier: GPL-2.0

//! Machines whose firmware is known to need a particular map kind, by their processor.
//!
//! A row is added here, with where the misbehaviour was reported. What it says counts for a fresh
//! map only, and less than what the user asks for.

use super::{
    bytes::u32_at,
    request::Kind,
    smbios::Processor, //
};

/// A firmware known to need a particular map kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quirk {
    pub(crate) kind: Kind,
    /// Where the misbehaviour was reported.
    pub(crate) source: &'static str,
}

/// A row of the table.
struct Row {
    who: Who,
    quirk: Quirk,
}

/// How a processor is told from others.
enum Who {
    /// By the SoC ID, the first word of the processor ID, but for the bits that differ between
    /// variants.
    Soc(u32),
    /// By how the version string begins, for firmware that gives no SoC ID.
    Version(&'static [u8]),
}

/// The bits of the SoC ID that tell Ampere's designs apart: the maker and the last digit.
const SOC_MASK: u32 = 0xffff_000f;

const AMPERE: Quirk = Quirk {
    kind: Kind::Fixed,
    source: "Ampere: SetTime crashes without SVAM, Linux libstub/arm64.c",
};

const TABLE: [Row; 4] = [
    // Altra
    Row {
        who: Who::Soc(0x0a16_0001),
        quirk: AMPERE,
    },
    // Altra Max
    Row {
        who: Who::Soc(0x0a16_0002),
        quirk: AMPERE,
    },
    Row {
        who: Who::Version(b"Ampere(TM) Altra(TM) Processor"),
        quirk: AMPERE,
    },
    Row {
        who: Who::Version(b"eMAG"),
        quirk: AMPERE,
    },
];

impl Who {
    fn is(&self, processor: &Processor<'_>) -> bool {
        match self {
            Self::Soc(soc) => u32_at(&processor.id, 0).is_some_and(|id| id & SOC_MASK == *soc),
            Self::Version(start) => processor.version.starts_with(start),
        }
    }
}

/// What is known of the firmware that machines with `processor` have.
pub(crate) fn find(processor: &Processor<'_>) -> Option<Quirk> {
    let row = TABLE.iter().find(|row| row.who.is(processor))?;
    Some(row.quirk)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_quirk)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    fn kind(soc: u32, version: &[u8]) -> Option<Kind> {
        let mut id = [0xa5; 8];
        id[..4].copy_from_slice(&soc.to_le_bytes());
        find(&Processor { id, version }).map(|quirk| quirk.kind)
    }

    #[test]
    fn ampere_needs_fixed_addresses() {
        let fixed = Some(Kind::Fixed);
        for soc in [0x0a16_0001, 0x0a16_0002, 0x0a16_fff1] {
            assert_eq!(kind(soc, b""), fixed);
        }
        for version in [
            &b"Ampere(TM) Altra(TM) Processor"[..],
            b"Ampere(TM) Altra(TM) Processor Q80-30",
            b"eMAG",
            b"eMAG 8180",
        ] {
            assert_eq!(kind(0x410f_d0c1, version), fixed);
        }
    }

    #[test]
    fn others_need_nothing() {
        for soc in [
            0,
            0x0a16_0000,
            0x0a16_0003,
            0x0a17_0001,
            0x0100_160a,
            0x0b16_0001,
        ] {
            assert_eq!(kind(soc, b""), None);
        }
        for version in [
            &b"Ampere(TM) Altra(TM) Processo"[..],
            b"emag",
            b" eMAG",
            b"eMA",
            b"AmpereOne",
        ] {
            assert_eq!(kind(0x410f_d0c1, version), None);
        }
    }
}
