// SPDX-License-Identifier: GPL-2.0

//! What SVAM needs on x86-64: everything it may touch is mapped, at its old address and its new.

use super::install_memory_map;
use crate::{
    ffi::{
        self,
        Protection,
        TakeOver, //
    },
    firmware::Firmware,
    plan::{
        base::addr::{
            Pages,
            PhysAddr,
            VirtAddr, //
        },
        choice::fresh::SvamOnce,
        firmware::{
            memtype::MemoryType,
            perm::Permission, //
        },
        map::region::Region, //
    },
};
use kernel::{
    bindings,
    prelude::*, //
};

/// SVAM can be called: all that it may touch is mapped, the kernel's memory map is what it takes, and
/// boot services memory is intact.
#[must_use = "boot services memory is kept until it is released"]
pub(crate) struct Prepared<'a>(&'a TakeOver);

/// Maps `regions` for SVAM, and makes them the kernel's memory map. Firmware then writes to its code,
/// and runs boot services code. Without SVAM as well, as the kernel unmaps boot services memory in
/// any case.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn prepare_svam<'a>(
    take_over: &'a TakeOver,
    firmware: &Firmware,
    regions: &[Region],
) -> Result<Prepared<'a>> {
    regions.iter().try_for_each(|region| {
        let permission = match region.ty {
            MemoryType::BOOT_SERVICES_CODE => Permission::ReadWriteExecute,
            ty => Permission::of_type(ty),
        };
        map(take_over, region, permission)
    })?;
    install_memory_map(take_over, firmware, regions)?;
    Ok(Prepared(take_over))
}

/// Unmaps the addresses that a layout has given `regions`, but for their 1:1 aliases: SVAM has
/// failed, and firmware is at those still.
///
/// # Errors
///
/// `EINVAL` if the kernel cannot, `EOVERFLOW` for more than 16 TiB.
pub(crate) fn cancel_svam(take_over: &TakeOver, regions: &[Region]) -> Result {
    regions
        .iter()
        .filter(|region| region.virt != region.phys.start().identity())
        .try_for_each(|region| unmap(take_over, region.virt, region.phys.pages()))
}

/// Calls SVAM with the kernel's memory map, for the firmware whose system table is at `systab`.
///
/// # Errors
///
/// The EFI status, if it is not `EFI_SUCCESS`; after a fault, `EFI_ABORTED`.
pub(crate) fn set_virtual_address_map(
    _: SvamOnce,
    _: &Prepared<'_>,
    systab: PhysAddr,
) -> Result<(), u64> {
    // SAFETY: `Prepared` has a `TakeOver`, so `__init` code is there, and says that the call can be
    // made. By `SvamOnce`, it is the first.
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
pub(crate) fn release_boot_services(prepared: Prepared<'_>, regions: &[Region]) -> Result {
    let Prepared(take_over) = prepared;
    // SAFETY: By the invariants of `TakeOver`, `__init` code is there.
    if unsafe { bindings::efi_rtmap_release_boot_services() } {
        return Ok(());
    }
    regions
        .iter()
        .filter(|region| region.ty == MemoryType::BOOT_SERVICES_CODE)
        .try_for_each(|region| map(take_over, region, Permission::of_type(region.ty)))
}

/// Maps a region at its address and 1:1.
fn map(take_over: &TakeOver, region: &Region, permission: Permission) -> Result {
    let alias = region.phys.start().identity();
    let protection = Protection::new(permission, region.ty, region.attributes);
    ffi::map(take_over, &region.phys, alias, protection)?;
    if region.virt != alias {
        ffi::map(take_over, &region.phys, region.virt, protection)?;
    }
    Ok(())
}

fn unmap(_: &TakeOver, virt: VirtAddr, pages: Pages) -> Result {
    let pages = u32::try_from(pages.count())?;
    // SAFETY: By the invariants of `TakeOver`, `__init` code is there. Firmware, the only
    // user of the tables, is not called there until SVAM succeeds.
    let error = unsafe { bindings::efi_rtmap_unmap(virt.value(), pages) };
    if error == 0 {
        Ok(())
    } else {
        Err(EINVAL)
    }
}
