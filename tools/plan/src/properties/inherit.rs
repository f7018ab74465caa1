// SPDX-License-Identifier: GPL-2.0

//! Inheritance: a map that was made here is accepted, and a map that breaks a rule is refused.

use super::{
    wire::{
        blank,
        snapshot,
        write, //
    },
    *,
};
use crate::{
    crc32,
    invariants::address_in,
    plan::{
        base::{
            addr::{
                Pages,
                PhysAddr,
                PhysRange,
                VirtAddr, //
            },
            kind::Svam,
        },
        fixtures::{
            ARM64,
            ARM64_39,
            ARM64_64K,
            BLANK_ENTRY,
            X86_64, //
        },
        handover::{
            inherit::entries_of,
            legacy::legacy_kind,
            place::place,
            refusal::InheritError,
            slot::SlotId,
            wire::Snapshot, //
        },
        map::{
            entry::{
                split,
                Entry, //
            },
            layout::AddressSpace,
            mapping::Mapping,
            pages::{
                mappings,
                most, //
            }, //
        },
    },
    table, //
};
use std::string::ToString;

const SLOT_SIZE: usize = 4096;

/// Hands `entries` over in a table with `snapshot`, to a kernel that has `space`.
fn hand_over(
    snapshot: &Snapshot,
    entries: &[Entry],
    space: &AddressSpace,
) -> Result<Vec<Entry>, InheritError> {
    let mut bytes = blank(SLOT_SIZE);
    write(&mut bytes, SlotId::First, 1, &(*snapshot, entries.to_vec()));
    let table = table(&bytes).unwrap();
    let slot = table.current(crc32, |_| ()).unwrap().unwrap();
    let snapshot = slot.snapshot(&snapshot.identity)?;
    let mut buffer = vec![BLANK_ENTRY; entries.len()];
    let mut list = List::new(&mut buffer);
    entries_of(&slot, &snapshot, space, &mut list)?;
    Ok(list.to_vec())
}

/// One entry for a part of `regions`. Most have the address that their kind asks for.
fn entry(regions: &[Region]) -> impl Strategy<Value = Entry> {
    let part = (select(regions.to_vec()), 0u64..24, 1u64..24);
    let slip = prop_oneof![30 => Just(0u64), 1 => 1u64..0x4000, 1 => any::<u64>()];
    let high = prop::bool::weighted(0.9);
    let odd = prop_oneof![30 => Just(0u32), 1 => 1u32..4];
    let other = (odd.clone(), odd);
    let parts = (part, slip, high, permission(), other);
    parts.prop_map(|((region, from, pages), slip, high, permission, other)| {
        let size = region.phys.pages().count();
        let first = from % size;
        let start = region.phys.start().value() + first * PAGE_SIZE;
        // Some entries end beyond the region.
        let pages = if pages > 22 {
            pages
        } else {
            1 + pages % (size - first)
        };
        let base = if high {
            region.virt
        } else {
            region.phys.start().identity()
        };
        let virt = base.value() + first * PAGE_SIZE;
        Entry {
            ty: MemoryType(region.ty.0 ^ other.0),
            attributes: Attributes(region.attributes.0 ^ u64::from(other.1)),
            phys: PhysRange::new(PhysAddr::new(start), Pages::new(pages)).unwrap(),
            virt: VirtAddr::new(virt.wrapping_add(slip)),
            permission,
        }
    })
}

fn offers() -> impl Strategy<Value = (Vec<Descriptor>, Snapshot, Vec<Entry>)> {
    (sound_regions(false), snapshot()).prop_flat_map(|((map, mut regions), snapshot)| {
        lay_out(snapshot.kind, &mut regions);
        let all: Vec<_> = regions.iter().copied().map(halves).collect();
        let entries = prop_oneof![
            vec(entry(&regions), 0..4),
            select(regions).prop_flat_map(halves),
            all.prop_map(|halves| halves.concat()),
        ];
        (Just(map), Just(snapshot), entries)
    })
}

/// One region in two entries. They may be apart or overlap.
fn halves(region: Region) -> impl Strategy<Value = Vec<Entry>> {
    let moved = prop_oneof![4 => Just(0), 1 => -2i64..3];
    (any::<u64>(), moved).prop_map(move |(cut, moved)| {
        let (start, end) = (region.phys.start().value(), region.phys.end().value());
        let cut = start + cut % region.phys.pages().count() * PAGE_SIZE;
        let half = |from: u64, to: u64, moved: i64| {
            let phys = region
                .phys
                .between(PhysAddr::new(from), PhysAddr::new(to))?;
            let virt = (region.virt.value() + (from - start)).wrapping_add_signed(moved * 0x1000);
            Some(Entry {
                ty: region.ty,
                attributes: region.attributes,
                phys,
                virt: VirtAddr::new(virt),
                ..BLANK_ENTRY
            })
        };
        [half(start, cut, moved), half(cut, end, 0)]
            .into_iter()
            .flatten()
            .collect()
    })
}

fn lay_out(kind: Kind, regions: &mut [Region]) {
    match kind.is_identity() {
        true => X86_64.lay_out_identity(regions).unwrap(),
        false => X86_64.lay_out_fixed(regions).unwrap(),
    }
}

fn disjoint(a: (u64, u64), b: (u64, u64)) -> bool {
    a.0 + a.1 <= b.0 || b.0 + b.1 <= a.0
}

/// Tells if `entry` is in one of `regions`, and what that is.
fn is_part(entry: &Entry, regions: &[Region]) -> bool {
    regions.iter().any(|region| {
        let same = region.ty == entry.ty && region.attributes == entry.attributes;
        same && region.phys.contains(&entry.phys)
    })
}

/// Tells if a kernel may accept this entry by itself.
fn sound(entry: &Entry, snapshot: &Snapshot) -> bool {
    let (start, size) = (entry.phys.start().value(), entry.phys.bytes());
    let virt = entry.virt.value();
    let window = X86_64.fixed_bottom.value()..X86_64.fixed_top.value();
    let last = virt.checked_add(size - 1);
    let in_window = window.contains(&virt) && last.is_some_and(|last| window.contains(&last));
    virt % PAGE_SIZE == 0
        && (virt == start || !snapshot.kind.is_identity() && in_window)
        && (snapshot.writable_code || !(entry.permission.writes() && entry.permission.executes()))
}

proptest! {
    #[test]
    fn takes_what_is_sound_and_nothing_else((_, snapshot, entries) in offers()) {
        let all_sound = entries.iter().all(|entry| sound(entry, &snapshot));
        let apart = entries.iter().enumerate().all(|(index, a)| {
            entries[..index].iter().all(|b| {
                let phys = |e: &Entry| (e.phys.start().value(), e.phys.bytes());
                let virt = |e: &Entry| (e.virt.value(), e.phys.bytes());
                disjoint(phys(a), phys(b)) && (!all_sound || disjoint(virt(a), virt(b)))
            })
        });
        let expected = !entries.is_empty() && all_sound && apart;
        let got = hand_over(&snapshot, &entries, &X86_64);
        prop_assert_eq!(got.is_ok(), expected, "{:?}", got);
        if let Ok(got) = got {
            let mut expected = entries.clone();
            expected.sort_by_key(|entry| entry.phys.start());
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn places_regions_only_if_the_entries_are_theirs_and_move_each_as_a_whole(
        (map, snapshot, entries) in offers()
    ) {
        let Ok(entries) = hand_over(&snapshot, &entries, &X86_64) else {
            return Ok(());
        };
        let mut regions = regions_of(&map, false).unwrap();
        let addresses: Option<Vec<u64>> = regions.iter().map(|region| {
            let start = region.phys.start().value();
            let at = |offset| {
                let virt = address_in(&entries, PhysAddr::new(start + offset))?;
                Some(virt.value())
            };
            let first = at(0)?;
            let mut pages = (0..region.phys.pages().count()).map(|page| page * PAGE_SIZE);
            pages.all(|offset| at(offset) == Some(first + offset)).then_some(first)
        }).collect();
        let expected = addresses.filter(|_| entries.iter().all(|entry| is_part(entry, &regions)));
        let got = place(&mut regions, &entries).ok().map(|()| {
            regions.iter().map(|region| region.virt.value()).collect::<Vec<_>>()
        });
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn a_fresh_plan_is_always_inherited(
        ((map, mut regions), attributes, snapshot) in sound_regions(false).prop_flat_map(
            |(map, regions)| {
                let attributes = attribute_entries(&regions);
                (Just((map, regions)), attributes, snapshot())
            }
        ),
    ) {
        lay_out(snapshot.kind, &mut regions);
        let described = described(&regions, &attributes);
        let mut buffer = vec![BLANK_ENTRY; regions.len() + 2 * attributes.len()];
        let mut entries = List::new(&mut buffer);
        split(&regions, &described, BASIS, &mut entries).unwrap();
        let writable_code =
            entries.iter().any(|e| e.permission.writes() && e.permission.executes());
        let snapshot = Snapshot { writable_code, ..snapshot };

        let got = hand_over(&snapshot, &entries, &X86_64);
        prop_assert_eq!(got.as_deref(), Ok(&entries[..]));
        let mut again = regions_of(&map, false).unwrap();
        prop_assert_eq!(place(&mut again, &entries), Ok(()));
        prop_assert_eq!(again, regions);
    }

    #[test]
    fn every_arm64_kernel_can_follow_every_other(
        (_, mut regions) in sound_regions(false),
        high in select(vec![0u64, 1 << 39, 1 << 47]),
        snapshot in snapshot(),
    ) {
        let moved = |addr: PhysAddr| PhysAddr::new(addr.value() + high);
        // Firmware keeps memory-mapped I/O in separate blocks of 64 KiB.
        let ty = MemoryType::RUNTIME_SERVICES_DATA;
        for region in &mut regions {
            region.phys = PhysRange::new(moved(region.phys.start()), region.phys.pages()).unwrap();
            region.ty = ty;
        }
        ARM64.lay_out_fixed(&mut regions).unwrap();
        let mut buffer = vec![BLANK_ENTRY; regions.len()];
        let mut entries = List::new(&mut buffer);
        split(&regions, &[], BASIS, &mut entries).unwrap();
        let snapshot = Snapshot { kind: Kind::Fixed, svam: Svam::CalledFixed, ..snapshot };
        for space in [ARM64, ARM64_39, ARM64_64K] {
            let got = hand_over(&snapshot, &entries, &space);
            prop_assert_eq!(got.as_deref(), Ok(&entries[..]));
            prop_assert_eq!(place(&mut regions.clone(), &entries), Ok(()));
            let mut buffer = vec![Mapping::BLANK; most(entries.len(), space.page)];
            prop_assert_eq!(mappings(&entries, &space, &mut List::new(&mut buffer)), Ok(()));
        }
    }
}

#[test]
fn a_map_for_a_larger_address_space_is_refused_with_the_limits() {
    let space = ARM64_39;
    let map = [descriptor(
        MemoryType::RUNTIME_SERVICES_DATA,
        0x4000_0000,
        1,
    )];
    let mut region = regions_of(&map, false).unwrap()[0];
    region.virt = VirtAddr::new(0xffff_ffff_f000);
    let error = legacy_kind(&mut [region], &space, Kind::Phys).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry [0x40000000-0x40000fff]: address 0xfffffffff000 is outside the window \
         [0x20000000-0x7fffffffff] of this kernel"
    );
}
