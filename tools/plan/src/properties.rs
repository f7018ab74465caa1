// SPDX-License-Identifier: GPL-2.0

//! Properties that hold for every input, and the inputs that they share.

extern crate std;

mod chain;
mod decide;
mod inherit;
mod ladder;
mod layout;
mod like_stock;
mod marshal;
mod memattr;
mod memmap;
mod owner;
mod page;
mod request;
mod runtime;
mod smbios;
mod split;
mod wire;

use crate::{
    invariants,
    plan::{
        base::{
            addr::PAGE_SIZE,
            kind::Kind,
            list::List, //
        },
        firmware::{
            memattr::AttributesError,
            memmap::{
                Descriptor,
                MemoryMap, //
            },
            memtype::{
                Attributes,
                MemoryType, //
            },
            perm::{
                Basis,
                Permission, //
            },
        },
        fixtures::{
            descriptor,
            BLANK_PIECE,
            BLANK_REGION, //
        },
        map::{
            collect::collect,
            pieces::{
                pieces,
                Piece, //
            },
            region::Region, //
        },
    },
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{
        select,
        Index, //
    },
    strategy::Union,
};
use std::{
    vec,
    vec::Vec, //
};

/// The basis for tests that do not depend on it.
const BASIS: Basis = Basis::Table;

/// The size of one descriptor in the maps of these tests, in bytes.
const DESC_SIZE: usize = 48;

fn kind() -> impl Strategy<Value = Kind> {
    select(&Kind::ALL[..])
}

fn permission() -> impl Strategy<Value = Permission> {
    select(vec![
        Permission::Read,
        Permission::ReadWrite,
        Permission::ReadExecute,
        Permission::ReadWriteExecute,
    ])
}

fn memory_type() -> impl Strategy<Value = MemoryType> {
    select(vec![
        MemoryType::RUNTIME_SERVICES_CODE,
        MemoryType::RUNTIME_SERVICES_DATA,
        MemoryType::RUNTIME_SERVICES_CODE,
        MemoryType::RUNTIME_SERVICES_DATA,
        MemoryType::MAPPED_IO,
        MemoryType::BOOT_SERVICES_CODE,
        MemoryType::BOOT_SERVICES_DATA,
        MemoryType::CONVENTIONAL_MEMORY,
    ])
}

/// The descriptors of sound firmware: in order and without overlaps. Some of them touch.
fn sound_map() -> impl Strategy<Value = Vec<Descriptor>> {
    let gap = prop_oneof![Just(0u64), 1u64..0x300];
    let parts = vec((gap, 1u64..24, memory_type()), 1..10);
    (0u64..0x10_0000, parts).prop_map(|(first_page, parts)| {
        let mut page = first_page;
        let mut place = |(gap, pages, ty)| {
            let start = page + gap;
            page = start + pages;
            descriptor(ty, start * PAGE_SIZE, pages)
        };
        parts.into_iter().map(&mut place).collect()
    })
}

/// Descriptors of firmware with bugs. Some are given twice or have another type. Some are empty,
/// misaligned, overlapping or contradictory, or wrap around.
fn wild_map() -> impl Strategy<Value = Vec<Descriptor>> {
    // Changes the start and the pages of a sound descriptor into those of a bad one.
    type Change = fn(u64, u64, u64) -> (u64, u64);
    let changes: [(u32, Change); 6] = [
        (8, |_, start, pages| (start, pages)),
        (2, |n, start, pages| {
            (
                start.wrapping_add(n % 4 * PAGE_SIZE),
                pages.wrapping_add(n % 3),
            )
        }),
        (1, |n, start, pages| {
            (start.wrapping_add(n % PAGE_SIZE), pages)
        }),
        (1, |_, start, _| (start, 0)),
        (1, |n, _, pages| {
            (u64::MAX - 0xfff - n % 30 * PAGE_SIZE, pages)
        }),
        (1, |n, start, _| (start, n)),
    ];
    let change = Union::new_weighted(changes.map(|(weight, c)| (weight, Just(c))).to_vec());
    let copy = (
        any::<[Index; 2]>(),
        prop::option::of(memory_type()),
        change,
        any::<u64>(),
        // Some lack the attribute of their type, some are uncached.
        select(vec![0, 0, 0, Attributes::RUNTIME.0, Attributes::WB.0]),
    );
    (sound_map(), vec(copy, 0..4)).prop_map(|(mut map, copies)| {
        for ([from, to], ty, change, n, flip) in copies {
            let source = map[from.index(map.len())];
            let (start, pages) = change(n, source.phys.value(), source.pages.count());
            let to = to.index(map.len() + 1);
            let mut copy = descriptor(ty.unwrap_or(source.ty), start, pages);
            copy.attributes.0 ^= flip;
            map.insert(to, copy);
        }
        map
    })
}

fn map_bytes(descriptors: &[Descriptor]) -> Vec<u8> {
    let mut bytes = vec![0; descriptors.len() * DESC_SIZE];
    for (descriptor, slot) in descriptors.iter().zip(bytes.chunks_exact_mut(DESC_SIZE)) {
        descriptor.write(slot).unwrap();
    }
    bytes
}

/// The regions that [`collect`] makes of `descriptors`, or [`None`] if it refuses them.
fn regions_of(descriptors: &[Descriptor], boot_services: bool) -> Option<Vec<Region>> {
    let bytes = map_bytes(descriptors);
    let map = MemoryMap::new(&bytes, DESC_SIZE).unwrap();
    let mut buffer = vec![BLANK_REGION; descriptors.len()];
    let mut regions = List::new(&mut buffer);
    collect(&map, boot_services, &mut regions).ok()?;
    Some(regions.to_vec())
}

/// A sound map and its regions. There is at least one region.
fn sound_regions(boot_services: bool) -> impl Strategy<Value = (Vec<Descriptor>, Vec<Region>)> {
    sound_map().prop_filter_map("no runtime region", move |map| {
        let regions = regions_of(&map, boot_services)?;
        Some((map, regions))
    })
}

/// Entries of a memory attributes table for `regions`. Most are within one region. Some go beyond
/// its end or are of the wrong type. They have no order, and overlap.
fn attribute_entries(regions: &[Region]) -> impl Strategy<Value = Vec<Descriptor>> {
    let part = (select(regions.to_vec()), any::<(u16, u16)>(), 0u64..4);
    let entry = (part, prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    let entry = entry.prop_map(|((region, (from, len), rights), beyond, other_type)| {
        let from = u64::from(from) % region.phys.pages().count();
        let room = region.phys.pages().count() - from + u64::from(beyond) * 2;
        let start = region.phys.start().value() + from * PAGE_SIZE;
        let ty = if other_type {
            MemoryType::RUNTIME_SERVICES_DATA
        } else {
            region.ty
        };
        let read_only = if rights & 1 != 0 { Attributes::RO.0 } else { 0 };
        let no_execute = if rights & 2 != 0 { Attributes::XP.0 } else { 0 };
        Descriptor {
            attributes: Attributes(Attributes::RUNTIME.0 | read_only | no_execute),
            ..descriptor(ty, start, 1 + u64::from(len) % room)
        }
    });
    vec(entry, 0..12)
}

/// The pieces that `entries` describe in `regions`. There are none if the entries are not valid.
fn described(regions: &[Region], entries: &[Descriptor]) -> Vec<Piece> {
    let mut buffer = vec![BLANK_PIECE; entries.len()];
    let mut list = List::new(&mut buffer);
    match pieces(&attribute_bytes(entries), regions, BASIS, &mut list) {
        Ok(_) | Err(AttributesError::NothingWritable | AttributesError::NothingExecutable) => {
            list.to_vec()
        }
        Err(error) => panic!("{error}"),
    }
}

fn attribute_bytes(entries: &[Descriptor]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap();
    let header = [2, count, DESC_SIZE as u32, 0];
    let mut bytes: Vec<u8> = header.into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(map_bytes(entries));
    bytes
}
