// SPDX-License-Identifier: GPL-2.0

//! Ports and caches of x86, for firmware in user mode.

use crate::plan::user::port::Ports;
use kernel::bindings;

/// Allows the task these ports.
pub(crate) fn allow(ports: Ports) {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_user_allow_ports(ports.first(), ports.count()) };
}

/// The ports that the kernel itself knows.
pub(crate) fn known() -> impl Iterator<Item = Ports> {
    let known = |number| {
        let (mut first, mut count) = (0, 0);
        // SAFETY: Both pointers are valid.
        let there = unsafe { bindings::efi_rtmap_user_known_ports(number, &mut first, &mut count) };
        there.then_some((first, count))
    };
    let all = (0..).map_while(known);
    all.filter_map(|(first, count)| Ports::new(first, count))
}

/// Gives firmware the value of a model specific register. Returns `false` if there is no such register.
pub(crate) fn read_msr(msr: u32) -> bool {
    // SAFETY: There are no requirements: a register that is not there is handled, and the value goes
    // to the registers of a task for firmware only.
    unsafe { bindings::efi_rtmap_user_read_msr(msr) }
}

/// Writes all modified data of this processor's caches to memory.
pub(crate) fn flush_caches() {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_user_flush_caches() };
}
