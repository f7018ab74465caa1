// SPDX-License-Identifier: GPL-2.0

//! What SVAM needs on arm64: page tables of its own, which reach all of the firmware 1:1.

use crate::{
    failure::Failure,
    ffi::{
        self,
        Protection, //
    },
    firmware::Firmware,
    plan::{
        entry::Entry,
        perm::Permission,
        region::Region,
        request::Kind, //
    },
    tables, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Maps what SVAM may touch, boot services memory included, unless it is not called.
///
/// # Errors
///
/// A [`Failure`] if there is no memory, or some of it cannot be mapped in this kernel's pages.
pub(crate) fn prepare_svam(firmware: &Firmware, _: &[Region], kind: Kind) -> Result<(), Failure> {
    if kind == Kind::Phys {
        return Ok(());
    }
    let regions = Firmware::regions(&firmware.map()?, true)?;
    let mut entries = KVVec::with_capacity(regions.len(), GFP_KERNEL)?;
    for region in &regions {
        let entry = Entry {
            ty: region.ty,
            attributes: region.attributes,
            phys: region.phys,
            virt: region.phys.start().identity(),
            permission: Permission::ReadWriteExecute,
        };
        entries.push(entry, GFP_KERNEL)?;
    }
    for mapping in &tables::mappings(&entries)? {
        let protection = Protection::new(mapping.permission, mapping.ty, mapping.attributes);
        let pages = u32::try_from(mapping.phys.pages().count()).map_err(Error::from)?;
        let (start, prot) = (mapping.phys.start().value(), protection.bits());
        // SAFETY: The take-over, the only caller, runs while `__init` code is there. The mappings
        // are disjoint and whole pages, as the function wants them.
        to_result(unsafe { bindings::efi_rtmap_map_for_svam(start, pages, prot) })?;
    }
    Ok(())
}

/// Nothing is to be taken back: the map that firmware is called with is made afterwards.
pub(crate) fn cancel_svam(_: &[Region]) -> Result {
    Ok(())
}

/// Lets go of the page tables for SVAM. An initcall frees boot services memory.
pub(crate) fn release_boot_services(_: &[Region]) -> Result {
    ffi::release_boot_services();
    Ok(())
}
