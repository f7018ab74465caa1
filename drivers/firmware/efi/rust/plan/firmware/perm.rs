// SPDX-License-Identifier: GPL-2.0

//! The rights of firmware in a mapped range.

use crate::plan::firmware::memtype::{
    Attributes,
    MemoryType, //
};
use core::fmt;

/// A permission. The discriminants are those of the handover table: bit 0 read, 1 write, 2 execute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum Permission {
    Read = 0b001,
    ReadWrite = 0b011,
    ReadExecute = 0b101,
    ReadWriteExecute = 0b111,
}

impl Permission {
    fn new(write: bool, execute: bool) -> Self {
        match (write, execute) {
            (false, false) => Self::Read,
            (true, false) => Self::ReadWrite,
            (false, true) => Self::ReadExecute,
            (true, true) => Self::ReadWriteExecute,
        }
    }

    /// The permission for memory of this type if firmware says no more about it. Code regions hold
    /// whole images with their data sections, so they need all rights.
    pub(crate) fn of_type(ty: MemoryType) -> Self {
        Self::new(true, ty == MemoryType::RUNTIME_SERVICES_CODE)
    }

    /// The permission that RO and XP leave.
    pub(crate) fn of_attributes(attributes: Attributes) -> Self {
        Self::new(
            !attributes.has(Attributes::RO),
            !attributes.has(Attributes::XP),
        )
    }

    /// The rights that both permissions have.
    fn intersection(self, other: Self) -> Self {
        Self::new(
            self.writes() && other.writes(),
            self.executes() && other.executes(),
        )
    }

    /// The rights that at least one of the permissions has.
    pub(crate) fn union(self, other: Self) -> Self {
        Self::new(
            self.writes() || other.writes(),
            self.executes() || other.executes(),
        )
    }

    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        [
            Self::Read,
            Self::ReadWrite,
            Self::ReadExecute,
            Self::ReadWriteExecute,
        ]
        .into_iter()
        .find(|permission| permission.bits() == bits)
    }

    pub(crate) fn bits(self) -> u32 {
        self as u32
    }

    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ReadWriteExecute)
    }

    pub(crate) fn executes(self) -> bool {
        matches!(self, Self::ReadExecute | Self::ReadWriteExecute)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "r--",
            Self::ReadWrite => "rw-",
            Self::ReadExecute => "r-x",
            Self::ReadWriteExecute => "rwx",
        })
    }
}

/// The facts that count for permissions, in addition to the type. Each architecture has stock's
/// answer: fewer rights would stop firmware that works with stock, and more would give up
/// protection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
// Each architecture uses one of these.
#[allow(dead_code)]
pub(crate) enum Basis {
    /// The memory attributes table replaces the permission of the type (x86: `__map_region()` and
    /// `efi_update_mem_attr()` in `efi_64.c`). In memory maps of PCs, RO and XP may be capabilities
    /// of the memory.
    Table,
    /// RO and XP in the memory map count too, and the table takes rights away from the rest (arm64:
    /// `create_mapping_protection()` and `set_permissions()` in `kernel/efi.c`).
    MapAndTable,
}

impl Basis {
    /// The permission of a region if the memory attributes table does not describe it.
    pub(crate) fn region(self, ty: MemoryType, attributes: Attributes) -> Permission {
        match self {
            Self::MapAndTable if ty != MemoryType::MAPPED_IO => described(ty, attributes),
            _ => Permission::of_type(ty),
        }
    }

    /// The permission of a part of such a region if the memory attributes table says `part` about
    /// it.
    pub(crate) fn part(
        self,
        ty: MemoryType,
        attributes: Attributes,
        part: Attributes,
    ) -> Permission {
        let granted = Permission::of_attributes(part);
        match self {
            Self::Table => granted,
            Self::MapAndTable => self.region(ty, attributes).intersection(granted),
        }
    }
}

/// The permission that a descriptor of memory grants. It is not for devices. If RP or WP is set
/// too, XP is no protection: then the descriptor tells the memory's capabilities (UEFI before 2.5).
fn described(ty: MemoryType, attributes: Attributes) -> Permission {
    if attributes.has(Attributes::RO) {
        Permission::of_attributes(attributes)
    } else if attributes.0 & (Attributes::RP.0 | Attributes::WP.0) == 0 {
        Permission::of_type(ty).intersection(Permission::of_attributes(attributes))
    } else {
        Permission::of_type(ty)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_perm)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn attributes_take_rights_away() {
        let (ro, xp) = (Attributes::RO.0, Attributes::XP.0);
        for (bits, permission) in [
            (0, Permission::ReadWriteExecute),
            (ro, Permission::ReadExecute),
            (xp, Permission::ReadWrite),
            (ro | xp, Permission::Read),
        ] {
            assert_eq!(Permission::of_attributes(Attributes(bits)), permission);
        }
    }

    #[test]
    fn only_code_executes_by_type() {
        for ty in 0..16 {
            let ty = MemoryType(ty);
            let permission = Permission::of_type(ty);
            assert!(permission.writes());
            assert_eq!(
                permission.executes(),
                ty == MemoryType::RUNTIME_SERVICES_CODE
            );
        }
    }

    #[test]
    fn the_memory_map_counts_on_arm64() {
        use Permission::{
            Read as R,
            ReadExecute as RX,
            ReadWrite as RW,
            ReadWriteExecute as RWX, //
        };
        let (ro, xp) = (Attributes::RO.0, Attributes::XP.0);
        let (code, data) = (
            MemoryType::RUNTIME_SERVICES_CODE,
            MemoryType::RUNTIME_SERVICES_DATA,
        );
        let (reserved, io) = (MemoryType(0), MemoryType::MAPPED_IO);
        for (ty, bits, arm64, x86) in [
            (code, 0xf, RWX, RWX),
            (code, xp, RW, RWX),
            (code, ro, RX, RWX),
            (code, ro | xp, R, RWX),
            (code, xp | Attributes::WP.0, RWX, RWX),
            (code, xp | Attributes::RP.0, RWX, RWX),
            (code, ro | xp | Attributes::WP.0, R, RWX),
            (data, 0xf, RW, RW),
            (data, xp, RW, RW),
            (data, ro, RX, RW),
            (data, ro | xp, R, RW),
            (reserved, ro | xp, R, RW),
            (io, ro | xp, RW, RW),
        ] {
            let attributes = Attributes(bits);
            assert_eq!(Basis::MapAndTable.region(ty, attributes), arm64);
            assert_eq!(Basis::Table.region(ty, attributes), x86);
        }
    }

    #[test]
    fn the_table_takes_away_on_arm64() {
        let bits = |permission: Permission| permission.bits();
        for map in [0, Attributes::RO.0, Attributes::XP.0, 0x2_4000].map(Attributes) {
            for table in [0, Attributes::RO.0, Attributes::XP.0, 0x2_4000].map(Attributes) {
                for ty in [
                    MemoryType::RUNTIME_SERVICES_CODE,
                    MemoryType::RUNTIME_SERVICES_DATA,
                ] {
                    let granted = Permission::of_attributes(table);
                    assert_eq!(Basis::Table.part(ty, map, table), granted);
                    let both = Basis::MapAndTable.part(ty, map, table);
                    let region = Basis::MapAndTable.region(ty, map);
                    assert_eq!(bits(both), bits(region) & bits(granted));
                }
            }
        }
    }

    #[test]
    fn a_union_allows_what_either_does() {
        for a in [1, 3, 5, 7] {
            for b in [1, 3, 5, 7] {
                let (first, second) = (Permission::from_bits(a), Permission::from_bits(b));
                let union = first.zip(second).map(|(first, second)| first.union(second));
                assert_eq!(union.map(Permission::bits), Some(a | b));
            }
        }
    }

    #[test]
    fn bits_are_read_back() {
        for bits in 0..16 {
            let permission = Permission::from_bits(bits);
            assert_eq!(permission.is_some(), matches!(bits, 1 | 3 | 5 | 7));
            assert!(permission.is_none_or(|permission| permission.bits() == bits));
        }
    }
}
