// SPDX-License-Identifier: GPL-2.0

//! Physical memory that holds tables of the firmware or of an earlier kernel.

use crate::ffi::proven::Proven;
use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*, //
};

/// A part of physical memory that is mapped, cached, until this is dropped.
///
/// # Invariants
///
/// `base` is valid for reads and writes of `size` bytes, which nothing in the kernel holds a
/// reference to.
pub(crate) struct Mapped {
    base: NonNull<u8>,
    size: usize,
}

// SAFETY: The mapping is in the kernel's half of every address space, and owned by this type.
unsafe impl Send for Mapped {}

// SAFETY: Through a shared reference, memory is only copied, by C: never referred to. A copy that
// races with a store has old or new bytes.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps all of `place`.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if it cannot be mapped.
    pub(crate) fn new(place: &Proven) -> Result<Self> {
        let (start, size) = (place.start().value(), place.size());
        // SAFETY: `memremap` refuses what it cannot map.
        let base = unsafe { bindings::memremap(start, size, bindings::MEMREMAP_WB as c_ulong) };
        // INVARIANT: `memremap` has mapped `size` bytes there. By the invariants of `Proven`,
        // nothing in the kernel refers to them.
        Ok(Self {
            base: NonNull::new(base.cast()).ok_or(ENOMEM)?,
            size,
        })
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Leaves the bytes behind the first `size` out of use.
    pub(crate) fn truncate(&mut self, size: usize) {
        // INVARIANT: These are bytes of those that the invariants hold for.
        self.size = self.size.min(size);
    }

    /// Copies bytes from `offset` on into `target`, until one of both ends. Returns their number.
    pub(crate) fn read(&self, offset: usize, target: &mut [u8]) -> usize {
        let count = target.len().min(self.size.saturating_sub(offset));
        // SAFETY: Both are valid for `count` bytes: `offset + count` is at most `size`, see the
        // type invariants, and `count` at most the length of `target`.
        unsafe {
            bindings::memcpy(
                target.as_mut_ptr().cast(),
                self.base.as_ptr().wrapping_add(offset).cast(),
                count,
            )
        };
        count
    }

    /// A copy of the `count` bytes from `offset` on, or of as many as there are.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if there is no memory for it.
    pub(crate) fn copy(&self, offset: usize, count: usize) -> Result<KVVec<u8>> {
        let count = count.min(self.size.saturating_sub(offset));
        let mut bytes = KVVec::<u8>::with_capacity(count, GFP_KERNEL)?;
        // SAFETY: Both are valid for `count` bytes: `offset + count` is at most `size`, see the
        // type invariants, and `count` is the capacity. They are all written then.
        unsafe {
            bindings::memcpy(
                bytes.as_mut_ptr().cast(),
                self.base.as_ptr().wrapping_add(offset).cast(),
                count,
            );
            bytes.inc_len(count);
        }
        Ok(bytes)
    }

    /// Copies all of `bytes` to `offset`.
    ///
    /// # Errors
    ///
    /// `EINVAL` if they do not fit. Then nothing is written.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) -> Result {
        let end = offset.checked_add(bytes.len()).ok_or(EINVAL)?;
        if end > self.size {
            return Err(EINVAL);
        }
        // SAFETY: Both are valid for the length of `bytes`: `end` is at most `size`, see the type
        // invariants.
        unsafe {
            bindings::memcpy(
                self.base.as_ptr().wrapping_add(offset).cast(),
                bytes.as_ptr().cast(),
                bytes.len(),
            )
        };
        Ok(())
    }

    /// Returns the 32-bit word at `offset`, if the memory holds one there and it is aligned.
    pub(crate) fn word(&self, offset: usize) -> Option<Word<'_>> {
        let end = offset.checked_add(size_of::<u32>())?;
        if end > self.size {
            return None;
        }
        // SAFETY: `offset` is less than `size`, see the type invariants.
        let word = unsafe { self.base.add(offset) }.cast::<u32>();
        // INVARIANT: the bytes are within the mapping, which outlives `self`'s borrow.
        word.is_aligned().then_some(Word(word, self))
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: `base` is what `memremap` returned, and nobody uses it any more.
        unsafe { bindings::memunmap(self.base.as_ptr().cast()) };
    }
}

/// A 32-bit word of mapped memory.
///
/// # Invariants
///
/// The pointer is aligned, and valid for reads and writes as long as the mapping is there.
pub(crate) struct Word<'a>(NonNull<u32>, #[expect(dead_code)] &'a Mapped);

impl Word<'_> {
    pub(crate) fn load(&self) -> u32 {
        // SAFETY: By the type invariants.
        u32::from_le(unsafe { self.0.as_ptr().read_volatile() })
    }

    pub(crate) fn store(&self, value: u32) {
        // SAFETY: By the type invariants.
        unsafe { self.0.as_ptr().write_volatile(value.to_le()) };
    }
}
