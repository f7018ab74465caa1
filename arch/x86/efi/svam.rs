// SPDX-License-Identifier: GPL-2.0

//! What SVAM needs on x86-64: everything it may touch is mapped, at its old address and its new.

use crate::{
    ffi::{
        self,
        Protection, //
    },
    plan::{
        addr::{
            Pages,
            PhysAddr,
            VirtAddr, //
        },
        memtype::MemoryType,
        perm::Permission,
        region::Region, //
    }, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Maps `regions` for SVAM: firmware then writes to its code, and runs boot services code. Without
/// SVAM as well, as the kernel unmaps boot services memory in any case.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn prepare_svam(regions: &[Region]) -> Result {
    regions.iter().try_for_each(|region| {
        let permission = match region.ty {
            MemoryType::BOOT_SERVICES_CODE => Permission::ReadWriteExecute,
            ty => Permission::of_type(ty),
        };
        map(region, permission)
    })
}

/// Unmaps the addresses that a layout has given `regions`, but for their 1:1 aliases: SVAM has
/// failed, and firmware is at those still.
///
/// # Errors
///
/// `EINVAL` if the kernel cannot, `EOVERFLOW` for more than 16 TiB.
pub(crate) fn cancel_svam(regions: &[Region]) -> Result {
    regions
        .iter()
        .filter(|region| region.virt != region.phys.start().identity())
        .try_for_each(|region| unmap(region.virt, region.phys.pages()))
}

/// Calls SVAM with the kernel's memory map.
///
/// # Errors
///
/// The EFI status, if it is not `EFI_SUCCESS`; after a fault, `EFI_ABORTED`.
///
/// # Safety
///
/// SVAM must not have been called in this firmware's life, [`prepare_svam`] have made it possible, and
/// boot services memory be intact.
pub(crate) unsafe fn set_virtual_address_map(systab: PhysAddr) -> Result<(), u64> {
    // SAFETY: By this function's contract, this is the take-over, in which `__init` code is there.
    let status = unsafe { bindings::efi_rtmap_svam(systab.value()) };
    if status == 0 {
        Ok(())
    } else {
        Err(status as u64)
    }
}

/// Unmaps and frees boot services memory, and drops it from the kernel's memory map. A debug option
/// keeps it: then it loses the execution that only SVAM needed.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn release_boot_services(regions: &[Region]) -> Result {
    // SAFETY: The take-over, the only caller, runs while `__init` code is there.
    if unsafe { bindings::efi_rtmap_release_boot_services() } {
        return Ok(());
    }
    regions
        .iter()
        .filter(|region| region.ty == MemoryType::BOOT_SERVICES_CODE)
        .try_for_each(|region| map(region, Permission::of_type(region.ty)))
}

/// Maps a region at its address and 1:1.
fn map(region: &Region, permission: Permission) -> Result {
    let alias = region.phys.start().identity();
    let protection = Protection::new(permission, region.ty, region.attributes);
    ffi::map(&region.phys, alias, protection)?;
    if region.virt != alias {
        ffi::map(&region.phys, region.virt, protection)?;
    }
    Ok(())
}

fn unmap(virt: VirtAddr, pages: Pages) -> Result {
    let pages = u32::try_from(pages.count())?;
    // SAFETY: The take-over, the only caller, runs while `__init` code is there. Firmware, the only
    // user of the tables, is not called there until SVAM succeeds.
    let error = unsafe { bindings::efi_rtmap_unmap(virt.value(), pages) };
    if error == 0 {
        Ok(())
    } else {
        Err(EINVAL)
    }
}
