// SPDX-License-Identifier: GPL-2.0

//! Install and remove: the steps around one firmware call.
//!
//! C makes the call. It calls [`install`] before and [`remove`] after the call, so the state that
//! [`install`] acquires is kept in a static until [`remove`]. Only one call is in progress at a
//! time: [`Inside`] ensures this.

#![allow(unsafe_code)]

pub(crate) mod answers;
pub(crate) mod fault;
pub(crate) mod inside;
pub(crate) mod resume;
#[cfg(CONFIG_EFI_RTMAP_USER)]
pub(crate) mod user;

use crate::{
    arch::{
        CallsFirmware,
        KeepsMemoryMap, //
    },
    call::inside::Inside,
    ffi::{
        self,
        trace,
        FW_BUG, //
    },
    plan::{
        base::kind::Privilege,
        firmware::service::{
            self,
            RESET_SYSTEM, //
        },
    },
    state::{
        self,
        Map, //
    },
    this_arch::Arch, //
};
use core::cell::UnsafeCell;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// The state that the call in progress has acquired, and gives back in this order.
struct InProgress(UnsafeCell<Option<(trace::Call, <Arch as CallsFirmware>::Installed, Inside)>>);

// SAFETY: It is touched by the functions of this file only, in the thread that is inside.
unsafe impl Sync for InProgress {}

static IN_PROGRESS: InProgress = InProgress(UnsafeCell::new(None));

/// Installs the map for a firmware call, and marks the call as in progress for a successor to see.
/// Returns `false`, having done nothing, if the map is not ours.
///
/// It also does nothing if firmware may not be entered: another thread is inside, the machine goes
/// down, firmware has failed, or it is to be called in user mode only. C makes the call only if it
/// [`is_admitted`].
///
/// # Safety
///
/// The caller calls [`remove`] next, from the same thread, and does not sleep in between.
pub(crate) unsafe fn install() -> bool {
    let Some(map) = state::map() else {
        return false;
    };
    let (called, mark) = (state::by_kernel(map), ffi::current_service());
    let admitted = match inside::is_reserved_for_current() {
        true => called.contains(&RESET_SYSTEM),
        false => called.admit(mark),
    };
    if !admitted {
        return true;
    }
    let Some(inside) = Inside::enter() else {
        return true;
    };
    if let Some(table) = &map.table {
        table.begin_call(mark);
    }
    // SAFETY: This thread is inside until `remove` has dropped this, and does not sleep, by the
    // caller's contract. There is a map, so the take-over has built the page tables.
    let installed = unsafe { Arch::install(state::request().longest_call()) };
    let traced = trace::Call::start(mark, Privilege::Kernel);
    // SAFETY: Only the thread that is inside touches this.
    unsafe { *IN_PROGRESS.0.get() = Some((traced, installed, inside)) };
    true
}

/// Tells if the current thread may enter firmware: it has installed the map, if that is ours.
pub(crate) fn is_admitted() -> bool {
    state::map().is_none() || Inside::is_current()
}

/// Records that firmware has returned `status` to the current thread.
pub(crate) fn returned(status: u64) {
    if !Inside::is_current() {
        return;
    }
    // SAFETY: Only the thread that is inside touches this.
    if let Some((traced, ..)) = unsafe { &*IN_PROGRESS.0.get() } {
        traced.end(status);
    }
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
    if !Inside::is_current() {
        return true;
    }
    // The FPU still holds the state that firmware has left in it.
    let changed = ffi::restore_processor();
    // SAFETY: Only the thread that is inside touches this.
    let Some((_, installed, _inside)) = (unsafe { (*IN_PROGRESS.0.get()).take() }) else {
        return true;
    };
    drop(installed);
    // The services are off if firmware has faulted or hung, which aborted the call, or if it has
    // come back after the kernel gave the call up.
    let failed = !ffi::services_enabled();
    if failed {
        record_fault(map, ffi::current_service());
    } else if changed != 0 {
        blame(changed);
    }
    if let Some(table) = &map.table {
        table.end_call();
    }
    if failed {
        ffi::give_up_call();
    }
    true
}

/// Records that firmware does not come back from the call of `service`, and that nothing can abort
/// this call.
pub(crate) fn hung(service: u32) {
    inside::give_up();
    if let Some(map) = state::map() {
        record_fault(map, service);
    }
}

/// Records the first failure of firmware, for the user and for successors.
fn record_fault(map: &Map, service: u32) {
    if state::set_faulted() {
        return;
    }
    trace::fault(service, Privilege::Kernel);
    if let Some(table) = &map.table {
        table.record_fault(service);
    }
    Arch::withdraw_addresses();
}

/// The bits of [`CallsFirmware::KEPT`] that firmware has already been blamed for.
static BLAMED: Atomic<u32> = Atomic::new(0);

/// Blames firmware for state that it has to preserve and has `changed`: one bit for each of
/// [`CallsFirmware::KEPT`]. Blames it once for each bit.
fn blame(changed: u32) {
    let known = BLAMED.load(Relaxed);
    BLAMED.store(known | changed, Relaxed);
    let news = changed & !known;
    if news == 0 {
        return;
    }
    let service = match ffi::current_service() {
        service::MARK_DIRECT => None,
        mark => service::marked(mark),
    };
    let service = service.unwrap_or("a service");
    for (bit, what) in Arch::KEPT.iter().enumerate() {
        if news & 1 << bit != 0 {
            pr_err!("{FW_BUG}{service} returns with {what} changed; it has been put right\n");
        }
    }
    ffi::taint_for_firmware();
}
