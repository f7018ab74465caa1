// SPDX-License-Identifier: GPL-2.0

//! Instructions of arm64 that the kernel carries out for firmware in user mode.

use crate::plan::user::a64::Register;
use kernel::bindings;

/// Calls the secure world or the hypervisor with firmware's registers, if the kernel does so in the
/// same way: by SMC, or else by HVC. Returns `false` if not. The result is in the registers.
pub(crate) fn call(smc: bool) -> bool {
    // SAFETY: There are no requirements: without a task for firmware, nothing happens.
    unsafe { bindings::efi_rtmap_user_call_monitor(smc) }
}

/// Sets a general register of firmware's.
pub(crate) fn set_register(register: Register, value: u64) {
    // SAFETY: As in `call`. The number is one of a register, by its type.
    unsafe { bindings::efi_rtmap_user_set_register(register.number().into(), value) };
}

/// The exception level that the kernel runs at, as its register has it.
pub(crate) fn level() -> u64 {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_user_level() }
}
