// SPDX-License-Identifier: GPL-2.0

//! A part of physical memory of which it is proven that it can be mapped.

use crate::plan::base::addr::PhysAddr;

/// A part of physical memory that can be mapped.
///
/// # Invariants
///
/// The `size` bytes at `start` are what firmware or an earlier kernel has left: nothing in this kernel
/// refers to them. To it, all of them are RAM or none is.
pub(crate) struct Proven {
    start: PhysAddr,
    size: usize,
}

impl Proven {
    /// # Safety
    ///
    /// The type invariants hold for `start` and `size`.
    pub(super) unsafe fn new(start: PhysAddr, size: usize) -> Self {
        // INVARIANT: By this function's contract.
        Self { start, size }
    }

    pub(crate) fn start(&self) -> PhysAddr {
        self.start
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The first `size` bytes of it, or all if it has less.
    pub(crate) fn first(&self, size: usize) -> Self {
        // INVARIANT: A part of what they hold for.
        Self {
            start: self.start,
            size: self.size.min(size),
        }
    }
}
