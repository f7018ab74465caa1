// SPDX-License-Identifier: GPL-2.0

//! The contract of an architecture, for arm64: the default map kind and the kernel's memory map are
//! here. The steps around one call have a file of their own.

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
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    type Grant = crate::plan::user::function::Function;

    // By default SVAM is not called. Linux on arm64 does the same wherever the address space allows
    // it: there, more firmware fails in SVAM than without it (Linux commit d3549a938b73).
    const DEFAULT_KIND: Kind = Kind::Phys;

    // Stock Linux leaves such a map when its stub has not called SVAM.
    const LEGACY_IDENTITY: Kind = Kind::Phys;

    // Firmware has its own mappings and all devices in the stub.
    const CALLS_SVAM: bool = false;

    const BASIS: Basis = Basis::MapAndTable;
}

impl KeepsMemoryMap for Arch {
    // The map is the firmware's own. The kernel uses all of it, and the device tree passes its
    // memory on to each successor.
    fn install_memory_map(take_over: &TakeOver, desc_size: usize, regions: &[Region]) -> Result {
        ffi::rewrite_memory_map(take_over, |bytes| {
            write::annotate(regions, desc_size, bytes).ok_or(EINVAL)
        })
    }

    // The device tree passes it on to successors, independently of this kernel.
    fn pass_on_memory_map(_: &Booting, _used: bool) -> Result<(), Failure> {
        Ok(())
    }

    // The map holds 1:1 addresses. Without them, successors that do not know the handover table
    // have no services.
    fn withdraw_addresses() {
        // SAFETY: These are plain stores to the kernel's memory map: a reader sees the old address
        // or the new one.
        unsafe { bindings::efi_rtmap_withdraw_addresses() };
    }
}
