// SPDX-License-Identifier: GPL-2.0

//! What differs per architecture, for x86-64: the address space that firmware is called in, the
//! kind of map it gets by default, the kernel's memory map, SVAM, and the steps around one call.

mod call;
mod svam;

use crate::{
    ffi,
    firmware::Firmware,
    plan::{
        memmap,
        perm::Basis,
        region::Region,
        request::Kind, //
    }, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

pub(crate) use self::{
    call::{
        Installed,
        KEPT, //
    },
    svam::{
        cancel_svam,
        prepare_svam,
        release_boot_services,
        set_virtual_address_map, //
    },
};

/// The map kind for firmware that nothing is known about: SVAM with a 1:1 map, as FreeBSD, Xen and
/// Redox make it. Much x86 firmware misbehaves when SVAM is never called (Xen commit 49450415d6,
/// FreeBSD D14677), and no report says that a 1:1 map has hurt.
pub(crate) const DEFAULT_KIND: Kind = Kind::Ident;

/// The kind to report for a 1:1 map that a kernel without handover table has left: that kernel
/// may have called SVAM.
pub(crate) const LEGACY_IDENTITY: Kind = Kind::Ident;

/// The kernel proper calls SVAM.
pub(crate) const CALLS_SVAM: bool = true;

/// The words of firmware that count for permissions, as in stock.
pub(crate) const BASIS: Basis = Basis::Table;

/// Successors keep the addresses: stock ones map whatever they are given, and do not call firmware if
/// the RT_PROPERTIES table says that it supports nothing.
pub(crate) fn withdraw_addresses() {}

/// Makes `regions` the kernel's memory map: what SVAM is called with, what sysfs shows and both
/// kexec system calls pass on. Also adds to the page tables what calls need besides the regions.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn install_memory_map(firmware: &Firmware, regions: &[Region]) -> Result {
    let size = regions.len().checked_mul(firmware.desc_size());
    // SAFETY: The take-over, the only caller, runs while `__init` code is there.
    to_result(unsafe { bindings::efi_rtmap_new_memmap(size.ok_or(EOVERFLOW)?) })?;
    rewrite_memory_map(firmware, regions)?;
    // SAFETY: As above.
    to_result(unsafe { bindings::efi_rtmap_finish_tables() })
}

/// Writes the memory map again, after addresses have changed.
///
/// # Errors
///
/// `EINVAL` if the map is not that of `regions`.
pub(crate) fn rewrite_memory_map(firmware: &Firmware, regions: &[Region]) -> Result {
    ffi::rewrite_memory_map(|bytes| {
        memmap::encode(regions, firmware.desc_size(), bytes)
            .map(|_| ())
            .ok_or(EINVAL)
    })
}
