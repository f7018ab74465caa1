// SPDX-License-Identifier: GPL-2.0

//! Install and remove: what happens around one firmware call.
//!
//! C makes the call and tells us before and after, so what [`install`] acquires must outlive it
//! until [`remove`]. Only one call is in progress at a time: `efi_runtime_lock` sees to it.

use crate::{
    arch::Installed,
    ffi,
    state, //
};
use core::cell::UnsafeCell;

/// What the call in progress has acquired.
struct InProgress(UnsafeCell<Option<Installed>>);

// SAFETY: It is touched by `install` and `remove` only, whose contracts make them exclusive.
unsafe impl Sync for InProgress {}

static IN_PROGRESS: InProgress = InProgress(UnsafeCell::new(None));

/// Installs the map for a firmware call, and marks the call as in progress for a successor to see.
/// Returns `false`, having done nothing, if the map is not ours.
///
/// # Safety
///
/// The caller holds `efi_runtime_lock`, and calls [`remove`] before it gives it up, from the same
/// thread, and does not sleep in between.
pub(crate) unsafe fn install() -> bool {
    let Some(map) = state::map() else {
        return false;
    };
    if let Some(table) = &map.table {
        table.begin_call(ffi::current_service());
    }
    // SAFETY: The lock is held until `remove` drops this, by the caller's contract. There is a map,
    // so the take-over has built the page tables.
    let installed = unsafe { Installed::new() };
    // SAFETY: The lock makes this exclusive.
    unsafe { *IN_PROGRESS.0.get() = Some(installed) };
    true
}

/// Removes what [`install`] has installed. Returns `false`, having done nothing, if the map is not
/// ours.
///
/// # Safety
///
/// As for [`install`], which has been called.
pub(crate) unsafe fn remove() -> bool {
    let Some(map) = state::map() else {
        return false;
    };
    // SAFETY: The lock makes this exclusive.
    drop(unsafe { (*IN_PROGRESS.0.get()).take() });
    // A call that has cost the services ended in a fault, from which the kernel has recovered. The
    // mark stays: for a successor, this kernel has stopped inside the firmware.
    if let Some(table) = map.table.as_ref().filter(|_| ffi::services_enabled()) {
        table.end_call();
    }
    true
}
