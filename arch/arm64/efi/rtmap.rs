// SPDX-License-Identifier: GPL-2.0

//! The contract of an architecture, for arm64: the kind of map that firmware gets by default, the
//! kernel's memory map and, in a file of its own, the steps around one call.

#![allow(unsafe_code)]

mod call;

use crate::{
    arch::{
        Architecture,
        KeepsMemoryMap, //
    },
    failure::Failure,
    ffi::{
        self,
        Booting,
        TakeOver, //
    },
    plan::{
        base::kind::Kind,
        firmware::perm::Basis,
        map::{
            region::Region,
            write, //
        }, //
    },
};
use kernel::{
    bindings,
    prelude::*, //
};

/// arm64.
pub(crate) enum Arch {}

impl Architecture for Arch {
    // SVAM is left out, as Linux has done on arm64 wherever the address space allows, since firmware
    // there fails in it more than without it (Linux commit d3549a938b73).
    const DEFAULT_KIND: Kind = Kind::Phys;

    // Stock Linux leaves such a map when its stub has not called SVAM.
    const LEGACY_IDENTITY: Kind = Kind::Phys;

    // Firmware has its own mappings and all devices in the stub.
    const CALLS_SVAM: bool = false;

    const BASIS: Basis = Basis::MapAndTable;
}

impl KeepsMemoryMap for Arch {
    // The map is the firmware's own, all of which the kernel goes by, and the memory that the device
    // tree names to each successor.
    fn install_memory_map(take_over: &TakeOver, desc_size: usize, regions: &[Region]) -> Result {
        ffi::rewrite_memory_map(take_over, |bytes| {
            write::annotate(regions, desc_size, bytes).ok_or(EINVAL)
        })
    }

    // Successors get it with the device tree, whatever this kernel does.
    fn pass_on_memory_map(_: &Booting, _used: bool) -> Result<(), Failure> {
        Ok(())
    }

    // It tells 1:1 addresses. Successors that do not know the handover table go without services then.
    fn withdraw_addresses() {
        // SAFETY: These are plain stores to the kernel's memory map: a reader sees the old address or
        // the new one.
        unsafe { bindings::efi_rtmap_withdraw_addresses() };
    }
}
