// SPDX-License-Identifier: GPL-2.0

//! The reasons why this kernel cannot map entries.

use super::super::{
    addr::{
        PhysRange,
        VirtAddr, //
    },
    list::Full,
};
use core::fmt;

/// Why this kernel cannot map entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PageError {
    /// Memory and address lie differently within a page, or a page reaches beyond 64 bits.
    Unmappable(PhysRange, VirtAddr, u64),
    Overlap(PhysRange, PhysRange),
    /// Two entries in one page of addresses, but not in one page of memory.
    Apart(PhysRange, PhysRange, u64),
    /// Two entries in one page that are different kinds of memory.
    Memory(PhysRange, PhysRange, u64),
    TooMany(usize),
}

impl From<Full> for PageError {
    fn from(full: Full) -> Self {
        Self::TooMany(full.0)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmappable(range, virt, page) => write!(
                f,
                "entry {range} at {virt}: this kernel, with pages of {page} bytes, cannot map it"
            ),
            Self::Overlap(a, b) => write!(f, "entries {a} and {b} overlap"),
            Self::Apart(a, b, page) => write!(
                f,
                "this kernel, with pages of {page} bytes, cannot map entries {a} and {b}: they \
                 share a page of addresses, but not of memory"
            ),
            Self::Memory(a, b, page) => write!(
                f,
                "this kernel, with pages of {page} bytes, cannot map entries {a} and {b}: they \
                 share a page, and are different kinds of memory"
            ),
            Self::TooMany(limit) => write!(f, "more than {limit} mappings"),
        }
    }
}
