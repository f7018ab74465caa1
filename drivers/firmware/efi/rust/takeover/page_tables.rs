// SPDX-License-Identifier: GPL-2.0

//! Page tables: which ranges are mapped how. They are built with the kernel's own mapper, into
//! `efi_mm`, which fault handlers and page table dumps know.

use crate::{
    buffer::filled,
    failure::Failure,
    ffi::{
        self,
        Protection,
        TakeOver, //
    },
    plan::map::{
        entry::Entry,
        mapping::Mapping,
        pages, //
    }, //
};
use kernel::prelude::*;

/// Maps `entries` with the permissions that they keep. Returns how this was done.
///
/// # Errors
///
/// A [`Failure`] if this kernel's pages cannot hold them, or there is no memory.
pub(crate) fn map(
    take_over: &TakeOver,
    entries: &[Entry],
    forward_cfg: bool,
) -> Result<KVVec<Mapping>, Failure> {
    let mappings = mappings(entries)?;
    for mapping in &mappings {
        let protection = Protection::new(mapping.permission, mapping.ty, mapping.attributes)
            .with_forward_cfg(forward_cfg);
        ffi::map(take_over, &mapping.phys, mapping.virt, protection)?;
    }
    Ok(mappings)
}

/// Converts `entries` to mappings in this kernel's pages.
///
/// # Errors
///
/// As for [`map`].
pub(crate) fn mappings(entries: &[Entry]) -> Result<KVVec<Mapping>, Failure> {
    let space = ffi::address_space();
    let most = pages::most(entries.len(), space.page);
    filled(Mapping::BLANK, most, |mappings| {
        pages::mappings(entries, &space, mappings)
    })
}
