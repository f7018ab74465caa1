// SPDX-License-Identifier: GPL-2.0

//! Page tables: for every page size, each page is mapped as the entries ask for.

use super::*;
use crate::plan::{
    base::addr::{
        Pages,
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    fixtures::{
        ARM64,
        BLANK_ENTRY, //
    },
    map::{
        entry::{
            split,
            Entry, //
        },
        layout::AddressSpace,
        mapping::{
            Mapping,
            PageError, //
        },
        pages::{
            mappings,
            most, //
        },
    },
};
use std::collections::BTreeMap;

/// The addresses of entries that are not at 1:1 addresses. They are among the others, so that
/// entries meet.
const DISTANCES: [u64; 4] = [0x1_0000, 0x4_0000, 0x1_0000_0000, 0x1_0000_4000];

fn space() -> impl Strategy<Value = AddressSpace> {
    let page = select(vec![4u64 << 10, 16 << 10, 64 << 10]);
    let end = select(vec![1u64 << 48, 0x8_0000, 0x5_0000]);
    (page, end).prop_map(|(page, end)| AddressSpace {
        page,
        identity_end: PhysAddr::new(end),
        ..ARM64
    })
}

/// Entries in any order, with a few distances to their addresses. They overlap in memory only if
/// they are alike.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let gap = prop_oneof![3 => Just(0u64), 1 => 1u64..20];
    let distance = prop_oneof![
        4 => Just(0),
        4 => Just(DISTANCES[2]),
        1 => select(&DISTANCES[..]),
    ];
    let kind = prop_oneof![
        20 => Just((MemoryType::RUNTIME_SERVICES_DATA, Attributes::WB)),
        1 => Just((MemoryType::MAPPED_IO, Attributes::WB)),
        1 => Just((MemoryType::RUNTIME_SERVICES_DATA, Attributes(0))),
    ];
    let pages = prop_oneof![3 => 1u64..8, 1 => 1u64..70];
    let part = (gap, pages, distance, permission(), kind);
    let parts = vec(part, 1..9).prop_map(|parts| {
        let mut page = 0x10;
        let mut place = |(gap, pages, distance, permission, (ty, attributes))| {
            let start: u64 = (page + gap) * PAGE_SIZE;
            page += gap + pages;
            Entry {
                ty,
                attributes,
                phys: PhysRange::new(PhysAddr::new(start), Pages::new(pages)).unwrap(),
                virt: VirtAddr::new(start + distance),
                permission,
            }
        };
        parts.into_iter().map(&mut place).collect::<Vec<_>>()
    });
    // Parts of some entries are described again.
    let again = vec((any::<Index>(), any::<[Index; 2]>()), 0..3);
    let all = (parts, again).prop_map(|(mut parts, again)| {
        for (which, [from, pages]) in again {
            let entry = *which.get(&parts);
            let size = entry.phys.pages().count() as usize;
            let from = from.index(size);
            let pages = 1 + pages.index(size - from);
            let offset = from as u64 * PAGE_SIZE;
            let start = PhysAddr::new(entry.phys.start().value() + offset);
            parts.push(Entry {
                phys: PhysRange::new(start, Pages::new(pages as u64)).unwrap(),
                virt: VirtAddr::new(entry.virt.value() + offset),
                ..entry
            });
        }
        parts
    });
    all.prop_shuffle()
}

/// The content of one page of addresses: its page of memory, its rights, and two flags: the rights
/// were united, and the page is a device's.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Page {
    phys: u64,
    permission: u32,
    shared: bool,
    device: bool,
}

type Table = BTreeMap<u64, Page>;

/// Puts the pages that `entry` asks for at `distance` into `table`, one of 4 KiB after the other.
/// Returns `false` if this is impossible.
fn put(table: &mut Table, entry: &Entry, distance: u64, page: u64) -> bool {
    let start = entry.phys.start().value();
    (0..entry.phys.pages().count()).all(|n| {
        let phys = start + n * PAGE_SIZE;
        let virt = phys + distance;
        let wanted = Page {
            phys: phys / page,
            permission: entry.permission.bits(),
            shared: false,
            device: entry.ty == MemoryType::MAPPED_IO,
        };
        let there = table.entry(virt / page).or_insert(wanted);
        let differs = there.permission != wanted.permission;
        there.shared |= differs;
        there.permission |= wanted.permission;
        phys % page == virt % page && (there.phys, there.device) == (wanted.phys, wanted.device)
    })
}

fn distance(entry: &Entry) -> u64 {
    entry.virt.value() - entry.phys.start().value()
}

/// Brute force: the right content of the page tables, or [`None`] if it is impossible.
fn model(entries: &[Entry], space: &AddressSpace) -> Option<Table> {
    let page = space.page;
    let mut fixed = Table::new();
    let mapped = entries
        .iter()
        .all(|e| put(&mut fixed, e, distance(e), page));
    // Entries may overlap at their addresses, but not in memory.
    let end = |e: &Entry| e.virt.value() + e.phys.bytes();
    let apart = entries.iter().enumerate().all(|(index, a)| {
        entries[..index].iter().all(|b| {
            let overlap = a.virt.value() < end(b) && b.virt.value() < end(a);
            !overlap || a.permission == b.permission && distance(a) == distance(b)
        })
    });
    let mut aliases = Table::new();
    let aliased = entries.iter().filter(|e| distance(e) != 0).all(|e| {
        let (first, end) = (
            e.phys.start().value() / page,
            e.phys.end().value().div_ceil(page),
        );
        let free = fixed.range(first..end).next().is_none();
        !free || end * page > space.identity_end.value() || put(&mut aliases, e, 0, page)
    });
    fixed.append(&mut aliases);
    (mapped && apart && aliased).then_some(fixed)
}

fn table(mappings: &[Mapping], page: u64) -> Table {
    let pages = mappings.iter().flat_map(|m| {
        (0..m.phys.bytes() / page).map(move |n| {
            let found = Page {
                phys: m.phys.start().value() / page + n,
                permission: m.permission.bits(),
                shared: m.shared,
                device: m.ty == MemoryType::MAPPED_IO,
            };
            (m.virt.value() / page + n, found)
        })
    });
    pages.collect()
}

fn map(entries: &[Entry], space: &AddressSpace) -> Result<Vec<Mapping>, PageError> {
    let mut buffer = vec![Mapping::BLANK; most(entries.len(), space.page)];
    let mut out = List::new(&mut buffer);
    mappings(entries, space, &mut out)?;
    Ok(out.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_page_is_what_its_entries_need(entries in entries(), space in space()) {
        let expected = model(&entries, &space);
        match map(&entries, &space) {
            Ok(mappings) => {
                invariants::mappings(&mappings, space.page);
                prop_assert!(mappings.len() <= 4 * entries.len() - 2);
                prop_assert_eq!(Some(table(&mappings, space.page)), expected);
            }
            Err(error) => prop_assert_eq!(expected, None, "{}", error),
        }
    }

    #[test]
    fn nothing_changes_on_pages_of_4_kib(entries in entries()) {
        let identity = |entry: &Entry| Entry { virt: entry.phys.start().identity(), ..*entry };
        let mut entries: Vec<_> = entries.iter().map(identity).collect();
        entries.sort_by_key(|entry| entry.virt);
        entries.dedup_by(|later, kept| later.phys.overlaps(&kept.phys));
        let turned: Vec<_> = entries.iter().rev().copied().collect();
        let mappings = map(&turned, &ARM64).unwrap();
        prop_assert!(mappings.iter().map(|m| (m.virt, m.phys, m.permission)).eq(
            entries.iter().map(|e| (e.virt, e.phys, e.permission))
        ));
        prop_assert!(mappings.iter().all(|m| !m.shared));
    }

    #[test]
    fn a_fresh_fixed_layout_can_always_be_mapped(
        ((_, mut regions), attributes) in sound_regions(true).prop_flat_map(|(map, regions)| {
            let attributes = attribute_entries(&regions);
            (Just((map, regions)), attributes)
        }),
        space in space(),
    ) {
        // Firmware keeps different kinds of memory in different blocks of 64 KiB (UEFI 2.10,
        // section 2.3.6).
        for region in &mut regions {
            region.ty = MemoryType::RUNTIME_SERVICES_CODE;
        }
        space.lay_out_fixed(&mut regions).unwrap();
        let described = described(&regions, &attributes);
        let mut buffer = vec![BLANK_ENTRY; regions.len() + 2 * attributes.len()];
        let mut entries = List::new(&mut buffer);
        split(&regions, &described, BASIS, &mut entries).unwrap();
        let mapped = map(&entries, &space);
        prop_assert!(mapped.is_ok(), "{:?}", mapped);
        invariants::mappings(&mapped.unwrap(), space.page);
    }

    #[test]
    fn no_entries_panic(
        parts in vec(any::<[u64; 3]>(), 0..6),
        space in space(),
        page in select(vec![0u64, 1 << 12, 1 << 16, 1 << 63]),
    ) {
        let entries = parts.iter().filter_map(|&[phys, virt, pages]| {
            let phys = PhysAddr::new(phys & !(PAGE_SIZE - 1));
            let phys = PhysRange::new(phys, Pages::new(pages % (1 << 40))).ok()?;
            Some(Entry { phys, virt: VirtAddr::new(virt & !(PAGE_SIZE - 1)), ..BLANK_ENTRY })
        });
        let _ = map(&entries.collect::<Vec<_>>(), &AddressSpace { page, ..space });
    }
}

#[test]
fn thousands_of_entries_fit() {
    // These are as many as a table can hold and more, in the worst order. Each shares pages.
    let count = 8192;
    let entries: Vec<_> = (0..count)
        .map(|n| {
            let page = (n * 4099) % count * 0x21;
            Entry {
                phys: PhysRange::new(PhysAddr::new(page * PAGE_SIZE), Pages::new(0x21)).unwrap(),
                virt: VirtAddr::new((page << 12) + (1 << 32)),
                permission: [Permission::Read, Permission::ReadExecute][(page % 2) as usize],
                ..BLANK_ENTRY
            }
        })
        .collect();
    let space = AddressSpace {
        page: 64 << 10,
        ..ARM64
    };
    let mapped = map(&entries, &space).unwrap();
    assert!(mapped.len() > 3 * entries.len());
    invariants::mappings(&mapped, space.page);
}
