// SPDX-License-Identifier: GPL-2.0

//! The inside of firmware. One thread at a time owns it.
//!
//! `efi_runtime_lock` is not enough, for three reasons. It belongs to the thread that waits for a
//! call, and this thread gives the lock up after its limit, while firmware still runs
//! (`__efi_queue_work()` in drivers/firmware/efi/runtime-wrappers.c). Some callers do not ask if
//! services are still on (`__uv_bios_call()`). Thunks have a lock of their own.

use kernel::{
    sync::atomic::{
        Atomic,
        Full,
        Relaxed,
        Release, //
    },
    task::Task,
    types::NotThreadSafe, //
};

const NOBODY: usize = 0;

/// The thread that is inside.
static OWNER: Atomic<usize> = Atomic::new(NOBODY);

/// The only thread that may enter, if there is one.
static RESERVED_FOR: Atomic<usize> = Atomic::new(NOBODY);

/// The call in progress has had its time, and nobody waits for it any more.
static GIVEN_UP: Atomic<bool> = Atomic::new(false);

/// The current thread is inside firmware, and no other is.
///
/// # Invariants
///
/// [`OWNER`] is the thread that this value was made by.
pub(crate) struct Inside(NotThreadSafe);

impl Inside {
    /// Enters, or returns [`None`] if another thread is inside or firmware is reserved for one.
    pub(crate) fn enter() -> Option<Self> {
        let current = current();
        OWNER.cmpxchg(NOBODY, current, Full).ok()?;
        // INVARIANT: `OWNER` has just become the current thread.
        let inside = Self(NotThreadSafe);
        // `reserve()` does the same in the other order, so at least one of the two sees the other.
        let reserved_for = RESERVED_FOR.load(Relaxed);
        (reserved_for == NOBODY || reserved_for == current).then_some(inside)
    }

    /// Leaves firmware occupied, for a call that goes on without this thread, until [`vacate`].
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    pub(crate) fn leave_occupied(self) {
        give_up();
        core::mem::forget(self);
    }

    /// Tells if the current thread is the one inside.
    pub(crate) fn is_current() -> bool {
        OWNER.load(Relaxed) == current()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        OWNER.store(NOBODY, Release);
    }
}

/// Ends the occupation that [`Inside::leave_occupied`] has left.
#[cfg(CONFIG_EFI_RTMAP_USER)]
pub(crate) fn vacate() {
    GIVEN_UP.store(false, Relaxed);
    OWNER.store(NOBODY, Release);
}

/// Notes that nobody waits for the call in progress any more.
pub(super) fn give_up() {
    GIVEN_UP.store(true, Relaxed);
}

/// Tells if a call is in progress that nobody waits for.
pub(crate) fn is_given_up() -> bool {
    is_occupied() && GIVEN_UP.load(Relaxed)
}

/// Lets no thread but the current one enter from now on, for good: the machine goes down.
pub(crate) fn reserve() {
    RESERVED_FOR.xchg(current(), Full);
}

/// Tells if firmware is reserved for the current thread: the machine goes down, and the only call left
/// is that of ResetSystem.
pub(super) fn is_reserved_for_current() -> bool {
    RESERVED_FOR.load(Relaxed) == current()
}

/// Tells if a thread is inside.
pub(crate) fn is_occupied() -> bool {
    OWNER.load(Relaxed) != NOBODY
}

fn current() -> usize {
    Task::current_raw() as usize
}
