// SPDX-License-Identifier: GPL-2.0

//! Machines whose firmware is known to need a particular map kind, by what SMBIOS calls them or
//! their processor.
//!
//! A row is added here, with where the misbehaviour was reported. What it says counts for a fresh
//! map only. A row with [`Kind::Phys`] says that SVAM is unsafe, and counts for more than what the
//! user asks for; any other says that SVAM is needed, and counts for less.

use super::{
    bytes::u32_at,
    request::Kind,
    smbios::{
        Processor,
        System, //
    },
};

/// A firmware known to need a particular map kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quirk {
    pub(crate) kind: Kind,
    /// Where the misbehaviour was reported.
    pub(crate) source: &'static str,
}

impl Quirk {
    /// Whether SVAM is unsafe, rather than needed.
    pub(crate) fn forbids_svam(&self) -> bool {
        self.kind == Kind::Phys
    }
}

/// A row of the table.
struct Row {
    who: Who,
    quirk: Quirk,
}

/// How a machine is told from others.
enum Who {
    /// By the SoC ID, the first word of the processor ID, but for the bits that differ between
    /// variants.
    Soc(u32),
    /// By how the processor's version string begins, for firmware that gives no SoC ID.
    Processor(&'static [u8]),
    /// By manufacturer and product.
    Product(&'static [u8], &'static [u8]),
    /// By manufacturer and version, which is where some have the name of the product.
    Version(&'static [u8], &'static [u8]),
}

/// The bits of the SoC ID that tell Ampere's designs apart: the maker and the last digit.
const SOC_MASK: u32 = 0xffff_000f;

const AMPERE: Quirk = Quirk {
    kind: Kind::Fixed,
    source: "Ampere: SetTime crashes without SVAM, Linux libstub/arm64.c",
};

const W540: Quirk = Quirk {
    kind: Kind::Ident,
    source: "ThinkPad W540: GetVariable faults without SVAM, Xen commit 49450415d6",
};

const THINKPADS: Quirk = Quirk {
    kind: Kind::Ident,
    source: "ThinkPad: variables fault without SVAM, FreeBSD D14677",
};

/// The report is of all laptops with these processors; two have names that are known.
const SNAPDRAGON: Quirk = Quirk {
    kind: Kind::Phys,
    source: "Snapdragon laptop: SVAM must be left out, Shawn Guo on linux-efi, 2021-03-09",
};

const TABLE: [Row; 9] = [
    Row {
        who: Who::Version(b"LENOVO", b"ThinkPad W540"),
        quirk: W540,
    },
    Row {
        who: Who::Version(b"LENOVO", b"ThinkPad X220"),
        quirk: THINKPADS,
    },
    Row {
        who: Who::Version(b"LENOVO", b"ThinkPad Yoga 11e"),
        quirk: THINKPADS,
    },
    // Yoga C630
    Row {
        who: Who::Product(b"LENOVO", b"81JL"),
        quirk: SNAPDRAGON,
    },
    // Flex 5G
    Row {
        who: Who::Product(b"LENOVO", b"82AK"),
        quirk: SNAPDRAGON,
    },
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
        who: Who::Processor(b"Ampere(TM) Altra(TM) Processor"),
        quirk: AMPERE,
    },
    Row {
        who: Who::Processor(b"eMAG"),
        quirk: AMPERE,
    },
];

impl Who {
    fn is(&self, machine: &Machine<'_>) -> bool {
        let Machine { system, processor } = machine;
        match *self {
            Self::Soc(soc) => processor
                .and_then(|processor| u32_at(&processor.id, 0))
                .is_some_and(|id| id & SOC_MASK == soc),
            Self::Processor(start) => processor.is_some_and(|p| p.version.starts_with(start)),
            Self::Product(maker, product) => {
                system.is_some_and(|s| s.manufacturer == maker && s.product == product)
            }
            Self::Version(maker, version) => {
                system.is_some_and(|s| s.manufacturer == maker && s.version == version)
            }
        }
    }
}

/// What SMBIOS says of a machine.
pub(crate) struct Machine<'a> {
    system: Option<System<'a>>,
    processor: Option<Processor<'a>>,
}

impl<'a> Machine<'a> {
    /// Reads the structure table that `smbios` begins with.
    pub(crate) fn read(smbios: &'a [u8]) -> Self {
        Self {
            system: System::read(smbios),
            processor: Processor::read(smbios),
        }
    }

    /// What is known of its firmware.
    pub(crate) fn quirk(&self) -> Option<Quirk> {
        let row = TABLE.iter().find(|row| row.who.is(self))?;
        Some(row.quirk)
    }
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
        let machine = Machine {
            system: None,
            processor: Some(Processor { id, version }),
        };
        machine.quirk().map(|quirk| quirk.kind)
    }

    fn of(manufacturer: &[u8], product: &[u8], version: &[u8]) -> Option<Kind> {
        let machine = Machine {
            system: Some(System {
                manufacturer,
                product,
                version,
            }),
            processor: None,
        };
        machine.quirk().map(|quirk| quirk.kind)
    }

    #[test]
    fn thinkpads_need_svam() {
        for version in [
            &b"ThinkPad W540"[..],
            b"ThinkPad X220",
            b"ThinkPad Yoga 11e",
        ] {
            assert_eq!(of(b"LENOVO", b"20BG0016US", version), Some(Kind::Ident));
            assert_eq!(of(b"Lenovo", b"20BG0016US", version), None);
            assert_eq!(of(b"LENOVO", version, b"20BG0016US"), None);
        }
        for version in [
            &b""[..],
            b"ThinkPad W541",
            b"ThinkPad X220 Tablet",
            b"ThinkPad",
        ] {
            assert_eq!(of(b"LENOVO", b"20BG0016US", version), None);
        }
    }

    #[test]
    fn snapdragon_laptops_do_without() {
        for product in [b"81JL", b"82AK"] {
            assert_eq!(of(b"LENOVO", product, b"any"), Some(Kind::Phys));
            assert_eq!(of(b"LENOVO", b"any", product), None);
            assert_eq!(of(b"", product, b"any"), None);
        }
    }

    #[test]
    fn a_machine_without_smbios_needs_nothing() {
        assert!(Machine::read(&[]).quirk().is_none());
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
