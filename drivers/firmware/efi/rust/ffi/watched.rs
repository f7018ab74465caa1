// SPDX-License-Identifier: GPL-2.0

//! The limit of a firmware call.

use kernel::{
    bindings,
    types::NotThreadSafe, //
};

/// A call that is aborted if it exceeds its limit.
pub(crate) struct Watched(NotThreadSafe);

impl Watched {
    /// Watches the call that begins. It may take so many `seconds`. The thread stays on this
    /// processor until this value is dropped.
    pub(crate) fn new(seconds: u32) -> Self {
        // SAFETY: `guard_calls` has been called, at boot.
        unsafe { bindings::efi_rtmap_watch_call(seconds) };
        Self(NotThreadSafe)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // SAFETY: `guard_calls` has been called, at boot.
        unsafe { bindings::efi_rtmap_unwatch_call() };
    }
}
