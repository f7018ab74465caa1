// SPDX-License-Identifier: GPL-2.0

//! The trace events (include/trace/events/efi_rtmap.h). They cost nothing while they are off.

use crate::plan::base::kind::{
    Kind,
    Privilege, //
};
use kernel::{
    error::Result,
    time::{
        Instant,
        Monotonic, //
    },
    tracepoint::declare_trace, //
};

declare_trace! {
    /// # Safety
    ///
    /// There are no requirements.
    unsafe fn efi_rtmap_call_start(service: u32, user: bool);

    /// # Safety
    ///
    /// There are no requirements.
    unsafe fn efi_rtmap_call_end(service: u32, user: bool, status: u64, duration: u64);

    /// # Safety
    ///
    /// There are no requirements.
    unsafe fn efi_rtmap_fault(service: u32, user: bool);

    /// # Safety
    ///
    /// There are no requirements.
    unsafe fn efi_rtmap_install(kind: u32, generation: u32, regions: u32, mappings: u32);

    /// # Safety
    ///
    /// There are no requirements.
    unsafe fn efi_rtmap_handover(generation: u32, entries: u32, error: i32);
}

/// A firmware call that is traced.
pub(crate) struct Call {
    service: u32,
    user: bool,
    /// The start, if the end is traced with its duration.
    start: Option<Instant<Monotonic>>,
}

impl Call {
    /// Traces the start of a call of the service with the mark `service`.
    pub(crate) fn start(service: u32, privilege: Privilege) -> Self {
        let user = privilege == Privilege::User;
        // SAFETY: There are no requirements.
        unsafe { efi_rtmap_call_start(service, user) };
        Self {
            service,
            user,
            start: is_end_traced().then(Instant::now),
        }
    }

    /// Traces that firmware has returned `status`.
    pub(crate) fn end(&self, status: u64) {
        // The end may be traced only now.
        let Some(start) = &self.start else { return };
        let duration = start.elapsed().as_nanos();
        // SAFETY: There are no requirements.
        unsafe { efi_rtmap_call_end(self.service, self.user, status, duration as u64) };
    }
}

/// Traces that firmware has failed in the service with the mark `service`.
pub(crate) fn fault(service: u32, privilege: Privilege) {
    // SAFETY: There are no requirements.
    unsafe { efi_rtmap_fault(service, privilege == Privilege::User) };
}

/// Traces a map that has been built.
pub(crate) fn install(kind: Kind, generation: u32, regions: usize, mappings: usize) {
    // SAFETY: There are no requirements.
    unsafe { efi_rtmap_install(kind as u32, generation, regions as u32, mappings as u32) };
}

/// Traces that the next kernel has been told of `entries`, or why not.
pub(crate) fn handover(generation: u32, entries: usize, written: &Result) {
    let error = written.err().map_or(0, |error| error.to_errno());
    // SAFETY: There are no requirements.
    unsafe { efi_rtmap_handover(generation, entries as u32, error) };
}

/// Tells if somebody listens to the end of calls.
fn is_end_traced() -> bool {
    #[cfg(CONFIG_TRACEPOINTS)]
    // SAFETY: A tracepoint's key may always be read.
    return unsafe {
        kernel::jump_label::static_branch_unlikely!(
            kernel::bindings::__tracepoint_efi_rtmap_call_end,
            kernel::bindings::tracepoint,
            key
        )
    };
    #[cfg(not(CONFIG_TRACEPOINTS))]
    false
}
