// SPDX-License-Identifier: GPL-2.0

//! The kernel's readers of bytes from outside, one function for each kind. Each function takes any
//! bytes, and panics if a result breaks an invariant.
//!
//! The first bytes choose a configuration of the kernel or a request to it. `tools/fuzz` writes
//! seeds in the same format from recorded firmware.

extern crate std;

mod answers;
mod command_line;
pub(crate) mod handover;
mod memory_attributes;
mod memory_map;
mod runtime_table;
mod smbios;
mod take_over;

pub use self::{
    answers::answers,
    command_line::command_line,
    handover::handover,
    memory_attributes::memory_attributes,
    memory_map::memory_map,
    runtime_table::runtime_table,
    smbios::smbios,
    take_over::take_over, //
};

use crate::{
    invariants,
    plan::{
        base::list::List,
        firmware::{
            memmap::MemoryMap,
            perm::Basis, //
        },
        fixtures::{
            ARM64,
            ARM64_39,
            ARM64_64K,
            X86_64, //
        },
        map::{
            collect::collect,
            entry::{
                split,
                Entry, //
            },
            layout::AddressSpace,
            mapping::Mapping,
            pages::{
                mappings,
                most, //
            },
            pieces::Piece,
            region::{
                Region,
                RegionError, //
            }, //
        },
    },
};
use std::{
    vec,
    vec::Vec, //
};

const SPACES: [AddressSpace; 4] = [X86_64, ARM64, ARM64_39, ARM64_64K];

/// The basis of permissions in `space`. Only x86 lays out from that address down.
fn basis(space: &AddressSpace) -> Basis {
    match space.layout_top == X86_64.layout_top {
        true => Basis::Table,
        false => Basis::MapAndTable,
    }
}

/// The size of one descriptor in bytes, if the input does not give it.
const DESC_SIZE: usize = 48;

/// Splits `data`: the first two bytes are the length of a map of whole descriptors, then comes the
/// rest.
fn split_map(data: &[u8]) -> Option<(MemoryMap<'_>, &[u8])> {
    let (length, rest) = data.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (map, rest) = rest.split_at(length - length % DESC_SIZE);
    Some((MemoryMap::new(map, DESC_SIZE).ok()?, rest))
}

/// Collects the regions of `map`, and checks them.
fn regions_of(map: &MemoryMap<'_>, boot_services: bool) -> Result<Vec<Region>, RegionError> {
    let mut buffer = vec![Region::BLANK; map.len()];
    let mut list = List::new(&mut buffer);
    collect(map, boot_services, &mut list)?;
    invariants::regions(&list);
    Ok(list.to_vec())
}

/// Builds and checks the entries and page tables of `regions`, which are laid out in `space`.
fn build(space: &AddressSpace, regions: &[Region], pieces: &[Piece]) -> Vec<Entry> {
    let mut buffer = vec![Entry::BLANK; regions.len() + 2 * pieces.len()];
    let mut entries = List::new(&mut buffer);
    split(regions, pieces, basis(space), &mut entries).expect("room for all");
    invariants::tiling(regions, pieces, basis(space), &entries);
    map(space, &entries);
    entries.to_vec()
}

/// Builds and checks page tables for `entries`. Pages larger than firmware's cannot hold all
/// entries.
fn map(space: &AddressSpace, entries: &[Entry]) {
    let mut buffer = vec![Mapping::BLANK; most(entries.len(), space.page)];
    let mut mapped = List::new(&mut buffer);
    match mappings(entries, space, &mut mapped) {
        Ok(()) => invariants::mappings(&mapped, space.page),
        Err(error) => assert!(space.page > 4096, "{error}"),
    }
}

#[cfg(test)]
mod tests;
