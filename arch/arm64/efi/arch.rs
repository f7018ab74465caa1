// SPDX-License-Identifier: GPL-2.0

//! What differs per architecture, for arm64: the address space that firmware is called in, the
//! kind of map it gets by default, the kernel's memory map, and the steps around one call.

mod call;

use crate::{
    failure::Failure,
    ffi::{
        self,
        Booting,
        TakeOver, //
    },
    firmware::Firmware,
    plan::{
        base::kind::Kind,
        firmware::perm::Basis,
        map::{
            region::Region,
            write, //
        }, //
    }, //
};
use kernel::{
    bindings,
    prelude::*, //
};

pub(crate) use self::call::{
    Installed,
    KEPT, //
};

/// The map kind for firmware that nothing is known about: SVAM is left out, as Linux has done on
/// arm64 wherever the address space allows, since firmware there fails in it more than without it
/// (Linux commit d3549a938b73).
pub(crate) const DEFAULT_KIND: Kind = Kind::Phys;

/// The kind to report for a 1:1 map that a kernel without handover table has left: stock Linux
/// leaves one when its stub has not called SVAM.
pub(crate) const LEGACY_IDENTITY: Kind = Kind::Phys;

/// The stub calls SVAM, where firmware has its own mappings and all devices.
pub(crate) const CALLS_SVAM: bool = false;

/// The words of firmware that count for permissions, as in stock.
pub(crate) const BASIS: Basis = Basis::MapAndTable;

/// Writes the addresses of `regions` into the kernel's memory map. That is the firmware's own, all
/// of which the kernel goes by, and the memory that the device tree names to each successor.
///
/// # Errors
///
/// `EINVAL` if the map is not the one that `regions` were made from.
pub(crate) fn install_memory_map(
    take_over: &TakeOver,
    firmware: &Firmware,
    regions: &[Region],
) -> Result {
    ffi::rewrite_memory_map(take_over, |bytes| {
        write::annotate(regions, firmware.memory.desc_size(), bytes).ok_or(EINVAL)
    })
}

/// Keeps the memory map for successors: they get it with the device tree, whatever this kernel does.
///
/// # Errors
///
/// None.
pub(crate) fn pass_on_memory_map(_: &Booting, _used: bool) -> Result<(), Failure> {
    Ok(())
}

/// Takes 1:1 addresses back that the kernel's memory map tells successors. Those that do not know the
/// handover table go without services then.
pub(crate) fn withdraw_addresses() {
    // SAFETY: These are plain stores to the kernel's memory map: a reader sees the old address or
    // the new one.
    unsafe { bindings::efi_rtmap_withdraw_addresses() };
}
