// SPDX-License-Identifier: GPL-2.0

//! Places of memory for the handover table: the EFI stub's, and the one that Kexec Handover (KHO)
//! preserves.

use crate::{
    ffi::{
        proven::Proven,
        take_over::Booting, //
    },
    plan::base::addr::PhysAddr,
};
use core::ptr::addr_of;
use kernel::bindings;

/// The physical address of the table that the first kernel's stub has installed, if firmware's
/// configuration tables list one.
pub(crate) fn installed_table() -> Option<PhysAddr> {
    // SAFETY: The variable changes only while configuration tables are read, long before.
    address(unsafe { addr_of!(bindings::efi_rtmap_table).read() } as u64)
}

/// The physical address of the table with which the first kernel's stub has marked this life of the
/// firmware, if there is one.
pub(crate) fn life_table() -> Option<PhysAddr> {
    // SAFETY: As above.
    address(unsafe { addr_of!(bindings::efi_rtmap_life).read() } as u64)
}

/// The memory of the table that the kernel before has handed over with KHO, if any. Called once.
pub(crate) fn retrieve_table(_: &Booting) -> Option<Proven> {
    let mut room = 0;
    // SAFETY: `room` is valid for writes. By the invariants of `Booting`, nobody else hands tables
    // over.
    let table = unsafe { bindings::efi_rtmap_retrieve_table(&mut room) };
    // SAFETY: That is a folio of this size, which belongs to the table alone.
    address(table).map(|address| unsafe { Proven::new(address, room) })
}

/// Allocates `size` bytes for a new table that KHO hands over, if KHO is on. From now on, the
/// result of [`retrieve_table`] may not be used.
pub(crate) fn alloc_table(_: &Booting, size: usize) -> Option<Proven> {
    // SAFETY: By the invariants of `Booting`, nobody else hands tables over.
    let table = unsafe { bindings::efi_rtmap_alloc_table(size) };
    // SAFETY: That is a folio of this size or more, which belongs to the table alone.
    address(table).map(|address| unsafe { Proven::new(address, size) })
}

/// Hands nothing over. From now on, the result of [`retrieve_table`] may not be used.
pub(crate) fn drop_table(_: &Booting) {
    // SAFETY: By the invariants of `Booting`, nobody else hands tables over.
    unsafe { bindings::efi_rtmap_drop_table() };
}

fn address(value: u64) -> Option<PhysAddr> {
    // EFI_INVALID_TABLE_ADDR
    (value != u64::MAX).then_some(PhysAddr::new(value))
}
