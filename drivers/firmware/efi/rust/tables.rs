// SPDX-License-Identifier: GPL-2.0

//! Page tables: which ranges are mapped how. They are built with the kernel's own mapper, into
//! `efi_mm`, which fault handlers and page table dumps know.

use crate::{
    ffi::{
        self,
        Protection, //
    },
    plan::{
        addr::{
            PhysRange,
            VirtAddr, //
        },
        entry::Entry,
        memtype::{
            Attributes,
            MemoryType, //
        },
        perm::Permission,
        region::Region, //
    }, //
};
use kernel::prelude::*;

/// Maps `regions` for SVAM: firmware then writes to its code, and runs boot services code.
pub(crate) fn map_for_svam(regions: &[Region]) -> Result {
    regions.iter().try_for_each(|region| {
        let permission = match region.ty {
            MemoryType::BOOT_SERVICES_CODE => Permission::ReadWriteExecute,
            ty => Permission::of_type(ty),
        };
        let prot = protection(permission, region.ty, region.attributes);
        map_both(&region.phys, region.virt, prot)
    })
}

/// Takes execution away from boot services code that stays mapped after SVAM, the last to run it.
pub(crate) fn end_boot_services(regions: &[Region]) -> Result {
    regions
        .iter()
        .filter(|region| region.ty == MemoryType::BOOT_SERVICES_CODE)
        .try_for_each(|region| {
            let permission = Permission::of_type(region.ty);
            let prot = protection(permission, region.ty, region.attributes);
            map_both(&region.phys, region.virt, prot)
        })
}

/// Maps `entries` with the permissions that they keep.
pub(crate) fn map(entries: &[Entry]) -> Result {
    entries.iter().try_for_each(|entry| {
        let prot = protection(entry.permission, entry.ty, entry.attributes);
        map_both(&entry.phys, entry.virt, prot)
    })
}

/// Unmaps the addresses that a layout has given `regions`, but for their 1:1 aliases.
pub(crate) fn unmap_layout(regions: &[Region]) -> Result {
    regions
        .iter()
        .filter(|region| region.virt != region.phys.start().identity())
        .try_for_each(|region| ffi::unmap(region.virt, region.phys.pages()))
}

/// Maps a range at its address and, for pointers that firmware does not convert, 1:1.
fn map_both(phys: &PhysRange, virt: VirtAddr, prot: Protection) -> Result {
    let alias = phys.start().identity();
    ffi::map(phys.start(), alias, phys.pages(), prot)?;
    if virt != alias {
        ffi::map(phys.start(), virt, phys.pages(), prot)?;
    }
    Ok(())
}

fn protection(permission: Permission, ty: MemoryType, attributes: Attributes) -> Protection {
    Protection {
        write: permission.writes(),
        execute: permission.executes(),
        cached: attributes.has(Attributes::WB),
        io: ty == MemoryType::MAPPED_IO,
    }
}
