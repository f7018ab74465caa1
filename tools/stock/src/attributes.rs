// SPDX-License-Identifier: GPL-2.0
//! `drivers/firmware/efi/memattr.c`.

use super::*;

/// The valid entries of the memory attributes table, each with the address of its memory.
pub(super) fn valid(firmware: &Firmware<'_>, regions: &[Region]) -> Vec<(Descriptor, u64)> {
    let table = firmware.attributes.filter(|table| is_used(table, firmware));
    let entries = table.into_iter().flat_map(|table| &table.entries);
    entries
        .filter_map(|entry| Some((*entry, address(entry, regions)?)))
        .collect()
}

/// `efi_memattr_init()`.
fn is_used(table: &MemoryAttributes, firmware: &Firmware<'_>) -> bool {
    let sizes = 40..=firmware.descriptor_size;
    table.version <= 2 && sizes.contains(&table.descriptor_size) && table.count <= 65536
}

/// `entry_is_valid()`: the first region that contains its start decides. A region without an
/// address ends the search.
fn address(entry: &Descriptor, regions: &[Region]) -> Option<u64> {
    if ![CODE, DATA].contains(&entry.ty) {
        return None;
    }
    let holds = |region: &&Region| {
        let d = region.descriptor;
        entry.phys >= d.phys && (entry.phys - d.phys) / PAGE < d.pages
    };
    let mut placed = regions.iter().take_while(|region| region.virt.is_some());
    let Region { descriptor, virt } = placed.find(holds)?;
    let end = |d: &Descriptor| u128::from(d.phys) + u128::from(d.pages) * u128::from(PAGE);
    let fits = end(entry) <= end(descriptor) && entry.ty == descriptor.ty;
    fits.then_some((*virt)? + (entry.phys - descriptor.phys))
}
