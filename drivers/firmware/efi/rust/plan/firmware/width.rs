// SPDX-License-Identifier: GPL-2.0

//! 32-bit and 64-bit firmware: their tables have the same pointers in different sizes.

use crate::plan::base::{
    addr::VirtAddr,
    bytes::{
        u32_at,
        u64_at, //
    },
};

/// Bytes of the table's header, for both widths.
pub(crate) const HEADER_SIZE: usize = 24;

/// The width of firmware's pointers and numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Width {
    Bits32,
    Bits64,
}

impl Width {
    /// Bytes of a pointer.
    pub(crate) const fn pointer_size(self) -> usize {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 => 8,
        }
    }

    /// The first address that a pointer cannot hold, if there is one.
    pub(crate) const fn end(self) -> Option<VirtAddr> {
        match self {
            Self::Bits32 => Some(VirtAddr::new(1 << 32)),
            Self::Bits64 => None,
        }
    }

    /// The largest number.
    pub(crate) const fn largest(self) -> u64 {
        match self {
            Self::Bits32 => u32::MAX as u64,
            Self::Bits64 => u64::MAX,
        }
    }

    /// The pointer at `offset` of `bytes`, or [`None`] if they are too few.
    pub(crate) fn pointer_at(self, bytes: &[u8], offset: usize) -> Option<u64> {
        match self {
            Self::Bits32 => u32_at(bytes, offset).map(u64::from),
            Self::Bits64 => u64_at(bytes, offset),
        }
    }

    /// Bytes of a table with all 14 services.
    pub(crate) const fn table_size(self) -> usize {
        HEADER_SIZE + 14 * self.pointer_size()
    }

    /// Bytes of a table of EFI 1.10, which lacks the last three services.
    pub(super) const fn oldest_table_size(self) -> usize {
        self.table_size() - 3 * self.pointer_size()
    }

    /// The known sizes of tables in bytes. Tiano's table of EFI 1.10 has a pointer of its own
    /// behind the eleven services.
    pub(super) fn table_sizes(self) -> impl Iterator<Item = usize> {
        let oldest = self.oldest_table_size();
        [oldest, oldest + self.pointer_size(), self.table_size()].into_iter()
    }
}
