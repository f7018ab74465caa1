// SPDX-License-Identifier: GPL-2.0

//! The task that firmware runs in, and the memory that it shares with the kernel.

use super::Protection;
use crate::plan::{
    base::addr::{
        PhysAddr,
        VirtAddr, //
    },
    firmware::width::Width,
    map::mapping::Mapping,
    user::{
        arguments::Place,
        fit::Unfit,
        verdict::End, //
    },
};
use core::{
    ptr,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::BStr, //
};

pub(crate) use bindings::{
    efi_rtmap_user_call as Call,
    efi_rtmap_user_trap as Trap,
    efi_time_cap_t as TimeCapabilities,
    efi_time_t as Time, //
};

/// Bytes of the block from its start to the arguments.
const ARGUMENTS: usize = (bindings::EFI_RTMAP_USER_GATE
    + bindings::EFI_RTMAP_USER_STACK
    + bindings::EFI_RTMAP_USER_SIGNAL_STACK) as usize;

/// Bytes of the whole block.
pub(crate) const BLOCK_SIZE: usize = bindings::EFI_RTMAP_USER_BLOCK as usize;

/// Bytes for arguments.
pub(crate) const ROOM: usize = BLOCK_SIZE - ARGUMENTS;

/// The block that the kernel and firmware share.
///
/// # Invariants
///
/// `alias` is valid for reads and writes of [`BLOCK_SIZE`] bytes, for ever. Firmware has the block at
/// `address`. Only the thread that is inside firmware, and firmware itself, touch its arguments.
pub(crate) struct Block {
    alias: NonNull<u8>,
    address: PhysAddr,
}

// SAFETY: By the type invariants, one thread at a time touches the memory.
unsafe impl Send for Block {}
// SAFETY: As above.
unsafe impl Sync for Block {}

impl Block {
    /// Allocates the block, for good, where firmware of this `width` can reach it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn alloc(width: Width) -> Result<Self> {
        let mut address = 0;
        let low = width == Width::Bits32;
        // SAFETY: `address` is valid for writes.
        let alias = unsafe { bindings::efi_rtmap_user_alloc_block(low, &mut address) };
        // INVARIANT: C has just allocated it, and never frees it. All else is said of methods below.
        Ok(Self {
            alias: NonNull::new(alias.cast()).ok_or(ENOMEM)?,
            address: PhysAddr::new(address),
        })
    }

    pub(crate) fn address(&self) -> PhysAddr {
        self.address
    }

    /// The address of `place` for firmware.
    pub(crate) fn address_of(&self, place: Place) -> u64 {
        // The block does not wrap around: C has allocated it.
        self.address.value() + (ARGUMENTS + place.offset()) as u64
    }

    /// Fills `place` with zeros.
    ///
    /// # Safety
    ///
    /// The current thread is inside firmware, and the task is not in a call.
    pub(crate) unsafe fn clear(&self, place: Place) {
        // SAFETY: By the type invariants, those of `Place`, and this function's contract.
        unsafe { ptr::write_bytes(self.pointer(place), 0, place.size()) };
    }

    /// Copies `bytes` to `place`, as far as both go.
    ///
    /// # Safety
    ///
    /// As for [`Self::clear`].
    pub(crate) unsafe fn write(&self, place: Place, bytes: &[u8]) {
        let count = place.size().min(bytes.len());
        // SAFETY: By the type invariants, those of `Place`, and this function's contract. The block is
        // no part of `bytes`: only this type has pointers to it.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.pointer(place), count) };
    }

    /// Copies the bytes at `place` to `target`, as far as both go.
    ///
    /// # Safety
    ///
    /// As for [`Self::clear`].
    pub(crate) unsafe fn read(&self, place: Place, target: &mut [u8]) {
        let count = place.size().min(target.len());
        // SAFETY: As in `write`.
        unsafe { ptr::copy_nonoverlapping(self.pointer(place), target.as_mut_ptr(), count) };
    }

    fn pointer(&self, place: Place) -> *mut u8 {
        self.alias
            .as_ptr()
            .wrapping_add(ARGUMENTS)
            .wrapping_add(place.offset())
    }
}

/// A range that the task maps.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Range(bindings::efi_rtmap_user_range);

impl Range {
    pub(crate) fn new(mapping: &Mapping) -> Self {
        let protection = Protection::new(mapping.permission, mapping.ty, mapping.attributes);
        Self(bindings::efi_rtmap_user_range {
            phys: mapping.phys.start().value(),
            virt: mapping.virt.value(),
            size: mapping.phys.bytes(),
            prot: protection.bits(),
        })
    }
}

/// The first address that the task cannot have.
pub(crate) fn addresses_end() -> VirtAddr {
    // SAFETY: There are no requirements.
    VirtAddr::new(unsafe { bindings::efi_rtmap_user_addresses_end() })
}

/// Checks that this machine can run a task without privilege as firmware needs it.
///
/// # Errors
///
/// The reason why not.
pub(crate) fn check_machine() -> Result<(), Unfit> {
    // SAFETY: There are no requirements.
    if unsafe { bindings::efi_rtmap_user_is_possible() } {
        Ok(())
    } else {
        Err(Unfit::Encrypted)
    }
}

/// Makes the task, with `ranges` mapped.
///
/// # Errors
///
/// An error of the kernel's, and then there are no tasks.
pub(crate) fn start(ranges: &'static [Range]) -> Result {
    let first = ranges.as_ptr().cast();
    // SAFETY: A range has the layout of C's, and they stay for ever.
    to_result(unsafe { bindings::efi_rtmap_user_start(first, ranges.len()) })
}

/// Lets the services of 32-bit firmware be called in user mode, except those that are `refused`.
#[cfg(CONFIG_EFI_MIXED)]
pub(crate) fn replace_thunks(refused: crate::plan::firmware::service::Services) {
    // SAFETY: `__init` code is there: user mode begins while the kernel boots.
    unsafe { bindings::efi_rtmap_user_replace_thunks(refused.bits()) };
}

/// Lets callers that do not want to wait, but can, call firmware in user mode too.
pub(crate) fn serve_callers_that_can_wait() {
    // SAFETY: `__init` code is there: user mode begins while the kernel boots.
    unsafe { bindings::efi_rtmap_user_serve_callers_that_can_wait() };
}

/// Asks firmware to put its variable store in order.
#[cfg(CONFIG_X86_64)]
pub(crate) fn collect_variables() {
    // SAFETY: The function has no preconditions.
    unsafe { bindings::efi_rtmap_user_collect_variables() };
}

/// Has the task make a call, and waits for its end.
///
/// # Safety
///
/// The current thread is inside firmware.
pub(crate) unsafe fn run(call: &Call) -> End {
    let mut status = 0;
    // SAFETY: Both are valid. By this function's contract, no other thread calls.
    let end = unsafe { bindings::efi_rtmap_user_run(call, &mut status) };
    match end {
        bindings::efi_rtmap_user_end_EFI_RTMAP_USER_RETURNED => End::Returned(status),
        bindings::efi_rtmap_user_end_EFI_RTMAP_USER_TRAPPED => End::Trapped,
        bindings::efi_rtmap_user_end_EFI_RTMAP_USER_TOO_LONG => End::TooLong,
        bindings::efi_rtmap_user_end_EFI_RTMAP_USER_GIVEN_UP => End::GivenUp,
        bindings::efi_rtmap_user_end_EFI_RTMAP_USER_DIED => End::Died,
        // C has one more.
        _ => End::NoTask,
    }
}

/// The name of a trap.
pub(crate) fn trap_name(trap: &Trap) -> &'static BStr {
    // SAFETY: The architecture's C code names it with a string literal.
    BStr::from_bytes(unsafe { CStr::from_char_ptr(trap.name) }.to_bytes())
}
