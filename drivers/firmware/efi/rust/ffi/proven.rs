// SPDX-License-Identifier: GPL-2.0

//! A part of physical memory, with the proof that it can be mapped.

use crate::plan::base::addr::PhysAddr;

/// A part of physical memory that can be mapped.
///
/// # Invariants
///
/// Firmware or an earlier kernel has filled the `size` bytes at `start`, and nothing in this kernel
/// refers to them. To this kernel, all of them are RAM or none is.
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

    /// The first `size` bytes, or all if there are fewer.
    pub(crate) fn first(&self, size: usize) -> Self {
        // INVARIANT: The invariants hold for a part of memory for which they hold.
        Self {
            start: self.start,
            size: self.size.min(size),
        }
    }
}
