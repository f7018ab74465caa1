// SPDX-License-Identifier: GPL-2.0

//! What the firmware may do with a mapped range.

use super::memtype::{
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

    /// What memory of this type needs when firmware says no more about it. Code regions hold whole
    /// images, data sections included, so they need everything.
    pub(crate) fn of_type(ty: MemoryType) -> Self {
        Self::new(true, ty == MemoryType::RUNTIME_SERVICES_CODE)
    }

    /// What an entry of the memory attributes table grants.
    pub(crate) fn of_attributes(attributes: Attributes) -> Self {
        Self::new(
            !attributes.has(Attributes::RO),
            !attributes.has(Attributes::XP),
        )
    }

    /// What allows as much as both.
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
