// SPDX-License-Identifier: GPL-2.0

//! Machines whose firmware is known to need a particular map kind, by their SMBIOS names.
//!
//! To add a machine, add a row with the source of the report. A row counts only for a fresh map. A
//! row with [`Kind::Phys`] means that SVAM is unsafe, and takes precedence over the user's request.
//! Any other row means that SVAM is needed, and the user's request takes precedence.
//!
//! Where the stub calls SVAM, this table comes too late. The stub has the machines of arm64 in its
//! own `libstub/efi-rtmap-svam.c`.

use crate::plan::{
    base::kind::Kind,
    firmware::smbios::System, //
};

/// A firmware known to need a particular map kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Quirk {
    pub(crate) kind: Kind,
    /// The source of the report.
    pub(crate) source: &'static str,
}

impl Quirk {
    /// Tells if SVAM is unsafe, not needed.
    pub(crate) fn forbids_svam(&self) -> bool {
        self.kind == Kind::Phys
    }
}

/// A row of the table.
struct Row {
    manufacturer: &'static [u8],
    /// Some manufacturers put the name of the product here.
    version: &'static [u8],
    quirk: Quirk,
}

const W540: Quirk = Quirk {
    kind: Kind::Ident,
    source: "ThinkPad W540: GetVariable faults without SVAM, Xen commit 49450415d6",
};

const THINKPADS: Quirk = Quirk {
    kind: Kind::Ident,
    source: "ThinkPad: variables fault without SVAM, FreeBSD D14677",
};

const TABLE: [Row; 3] = [
    Row {
        manufacturer: b"LENOVO",
        version: b"ThinkPad W540",
        quirk: W540,
    },
    Row {
        manufacturer: b"LENOVO",
        version: b"ThinkPad X220",
        quirk: THINKPADS,
    },
    Row {
        manufacturer: b"LENOVO",
        version: b"ThinkPad Yoga 11e",
        quirk: THINKPADS,
    },
];

/// The quirk of the machine whose SMBIOS structures begin in `smbios`, if it is known to have one.
pub(crate) fn quirk(smbios: &[u8]) -> Option<Quirk> {
    let system = System::read(smbios)?;
    let is = |row: &&Row| row.manufacturer == system.manufacturer && row.version == system.version;
    TABLE.iter().find(is).map(|row| row.quirk)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_quirk)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    /// Makes the structure of a machine with this name.
    fn of<'a>(manufacturer: &[u8], version: &[u8], buffer: &'a mut [u8; 64]) -> &'a [u8] {
        let mut len = 0;
        for part in [
            &[1, 7, 0, 0, 1, 0, 2][..],
            manufacturer,
            &[0],
            version,
            &[0, 0],
        ] {
            buffer[len..len + part.len()].copy_from_slice(part);
            len += part.len();
        }
        &buffer[..len]
    }

    #[test]
    fn thinkpads_need_svam() {
        let kind = |manufacturer: &[u8], version: &[u8]| {
            quirk(of(manufacturer, version, &mut [0; 64])).map(|quirk| quirk.kind)
        };
        for version in [
            &b"ThinkPad W540"[..],
            b"ThinkPad X220",
            b"ThinkPad Yoga 11e",
        ] {
            assert_eq!(kind(b"LENOVO", version), Some(Kind::Ident));
            assert_eq!(kind(b"Lenovo", version), None);
            assert_eq!(kind(version, b"LENOVO"), None);
        }
        for version in [
            &b"x"[..],
            b"ThinkPad W541",
            b"ThinkPad X220 Tablet",
            b"ThinkPad",
        ] {
            assert_eq!(kind(b"LENOVO", version), None);
        }
    }

    #[test]
    fn a_machine_without_smbios_needs_nothing() {
        assert_eq!(quirk(&[]), None);
    }
}
