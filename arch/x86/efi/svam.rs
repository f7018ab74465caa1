// SPDX-License-Identifier: GPL-2.0

//! SVAM on x86-64. All memory that it may touch is mapped, at the old address and at the new one.

use super::{
    memory_map::{
        install,
        write_memory_map, //
    },
    Arch, //
};
use crate::{
    arch::CallsSvam,
    ffi::{
        self,
        Protection,
        TakeOver, //
    },
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

/// The proof that SVAM can be called.
#[must_use = "boot services memory is kept until it is released"]
pub(crate) struct Prepared<'a>(&'a TakeOver);

impl CallsSvam for Arch {
    type Prepared<'a> = Prepared<'a>;

    // In SVAM, firmware writes to its code and runs boot services code.
    fn prepare_svam<'a>(
        take_over: &'a TakeOver,
        desc_size: usize,
        regions: &[Region],
    ) -> Result<Prepared<'a>> {
        regions.iter().try_for_each(|region| {
            let permission = match region.ty {
                MemoryType::BOOT_SERVICES_CODE => Permission::ReadWriteExecute,
                ty => Permission::of_type(ty),
            };
            map(take_over, region, permission)
        })?;
        install(take_over, desc_size, regions, true)?;
        Ok(Prepared(take_over))
    }

    fn set_virtual_address_map(_: SvamOnce, _: &Prepared<'_>, systab: PhysAddr) -> Result<(), u64> {
        // SAFETY: `Prepared` has a `TakeOver`, so `__init` code is there, and says that the call
        // can be made. By `SvamOnce`, it is the first.
        let status = unsafe { bindings::efi_rtmap_svam(systab.value()) };
        if status == 0 {
            Ok(())
        } else {
            Err(status as u64)
        }
    }

    fn cancel_svam(prepared: &Prepared<'_>, regions: &[Region]) -> Result {
        regions
            .iter()
            .filter(|region| region.virt != region.phys.start().identity())
            .try_for_each(|region| unmap(prepared.0, region.virt, region.phys.pages()))
    }

    fn rewrite_memory_map(prepared: &Prepared<'_>, desc_size: usize, regions: &[Region]) -> Result {
        write_memory_map(prepared.0, desc_size, regions)
    }

    fn release_boot_services(prepared: Prepared<'_>, regions: &[Region]) -> Result {
        // SAFETY: By the invariants of `TakeOver`, `__init` code is there.
        if unsafe { bindings::efi_rtmap_release_boot_services() } {
            return Ok(());
        }
        regions
            .iter()
            .filter(|region| region.ty == MemoryType::BOOT_SERVICES_CODE)
            .try_for_each(|region| map(prepared.0, region, Permission::of_type(region.ty)))
    }
}

/// Maps a region at its address and at the 1:1 alias.
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
