// SPDX-License-Identifier: GPL-2.0

//! Generated firmware with this plan and with stock: the plan never maps less.

use super::*;
use crate::{
    not_less::{
        assert_not_less,
        is_first_page, //
    },
    plan::{
        base::addr::PhysAddr,
        fixtures::{
            ARM64,
            X86_64, //
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
};
use efi_rtmap_record::recording::{
    Descriptor as Recorded,
    MemoryAttributes, //
};
use efi_rtmap_stock::{
    Firmware,
    Machine, //
};

const X86: Machine = Machine::X86 {
    bits: 64,
    debug: false,
};
const PHYSICAL_ARM64: Machine = Machine::Arm64 {
    page: 4096,
    svam: false,
};

fn recorded(descriptors: &[Descriptor]) -> Vec<Recorded> {
    let one = |d: &Descriptor| Recorded {
        ty: d.ty.0,
        phys: d.phys.value(),
        pages: d.pages.count(),
        attribute: d.attributes.0,
        virt: 0,
    };
    descriptors.iter().map(one).collect()
}

/// A sound map and a table for it. Some regions are marked as protected or not cached. The entries
/// of the table do not overlap.
fn firmware() -> impl Strategy<Value = (Vec<Descriptor>, Vec<Descriptor>)> {
    let marks = select(vec![
        0,
        0,
        0,
        Attributes::RO.0,
        Attributes::XP.0,
        Attributes::RO.0 | Attributes::XP.0,
        Attributes::XP.0 | Attributes::WP.0,
        Attributes::WB.0,
    ]);
    let marked = (sound_map(), vec(marks, 10)).prop_map(|(mut map, marks)| {
        for (descriptor, marks) in map.iter_mut().zip(marks) {
            descriptor.attributes.0 ^= marks;
        }
        map
    });
    let marked = marked.prop_filter_map("no runtime region", |map| {
        let regions = regions_of(&map, true)?;
        Some((map, regions))
    });
    marked.prop_flat_map(|(map, regions)| {
        let entries = attribute_entries(&regions).prop_map(|mut entries| {
            entries.sort_by_key(|entry| entry.phys);
            entries.dedup_by(|next, kept| next.phys < end(kept));
            entries
        });
        (Just(map), entries)
    })
}

fn end(descriptor: &Descriptor) -> PhysAddr {
    let bytes = descriptor.pages.count() * PAGE_SIZE;
    PhysAddr::new(descriptor.phys.value() + bytes)
}

/// Page tables for `regions` with the memory attributes `table`. [`None`] if stock uses a table
/// that firmware cannot work with.
fn tables(
    regions: &[Region],
    table: &[u8],
    basis: Basis,
    space: &AddressSpace,
) -> Option<Vec<Mapping>> {
    let mut buffer = vec![BLANK_PIECE; table.len() / DESC_SIZE];
    let mut list = List::new(&mut buffer);
    let read = pieces(table, regions, basis, &mut list);
    if let Err(AttributesError::NothingWritable | AttributesError::NothingExecutable) = read {
        return None;
    }
    let mut buffer = vec![Entry::BLANK; regions.len() + 2 * list.len()];
    let mut entries = List::new(&mut buffer);
    split(regions, &list, basis, &mut entries).unwrap();
    let mut buffer = vec![Mapping::BLANK; most(entries.len(), space.page)];
    let mut out = List::new(&mut buffer);
    mappings(&entries, space, &mut out).unwrap();
    Some(out.to_vec())
}

proptest! {
    #[test]
    fn firmware_has_what_stock_gives_it((map, entries) in firmware(), version in 0u8..4) {
        let mut bytes = attribute_bytes(&entries);
        bytes[0] = version;
        let table = MemoryAttributes {
            version: version.into(),
            count: entries.len() as u32,
            descriptor_size: DESC_SIZE as u32,
            flags: 0,
            entries: recorded(&entries),
        };
        let on = |machine, map: &[Descriptor]| Firmware {
            machine,
            map: &recorded(map),
            descriptor_size: DESC_SIZE as u32,
            attributes: Some(&table),
        }.mapped();
        let mut regions = regions_of(&map, true).unwrap();
        // Stock arm64 does not see that two regions of an entry might be one region.
        let merged: Vec<_> = regions.iter().map(Region::descriptor).collect();
        X86_64.lay_out_fixed(&mut regions).unwrap();
        if let Some(ours) = tables(&regions, &bytes, Basis::Table, &X86_64) {
            assert_not_less(&ours, &on(X86, &map), X86, true);
        }
        ARM64.lay_out_identity(&mut regions).unwrap();
        if let Some(ours) = tables(&regions, &bytes, Basis::MapAndTable, &ARM64) {
            assert_not_less(&ours, &on(PHYSICAL_ARM64, &merged), PHYSICAL_ARM64, true);
        }
    }

    /// For any map, everything that stock maps 1:1 is mapped 1:1, with two exceptions.
    ///
    /// If a region starts within a page, arm64 stock maps one more page at its end. Ours has the
    /// number of pages that the map gives, as stock on x86. And x86 stock makes boot services code
    /// executable if firmware, or a kernel that keeps it, marks it as a runtime region. Ours does
    /// so only in SVAM.
    #[test]
    fn nothing_that_stock_maps_is_missing(map in wild_map()) {
        let mut described = recorded(&map);
        for descriptor in &mut described {
            descriptor.phys -= descriptor.phys % PAGE_SIZE;
            if descriptor.ty == MemoryType::BOOT_SERVICES_CODE.0 {
                descriptor.ty = MemoryType::BOOT_SERVICES_DATA.0;
            }
        }
        let on = |machine| Firmware {
            machine,
            map: &described,
            descriptor_size: DESC_SIZE as u32,
            attributes: None,
        };
        let Some(mut regions) = regions_of(&map, true) else {
            let runtime = |d: &&Descriptor| d.attributes.has(Attributes::RUNTIME);
            prop_assert!(map.iter().filter(runtime).all(|d| d.range().is_err()), "off");
            return Ok(());
        };
        for (machine, space, basis) in [
            (X86, &X86_64, Basis::Table),
            (PHYSICAL_ARM64, &ARM64, Basis::MapAndTable),
        ] {
            if space.lay_out_identity(&mut regions).is_err() {
                continue;
            }
            let ours = tables(&regions, &attribute_bytes(&[]), basis, space).unwrap();
            for m in on(machine).mapped().iter().filter(|m| m.virt == m.phys) {
                for virt in [m.virt, m.virt + (m.pages - 1) * PAGE_SIZE] {
                    let home = ours.iter().find(|o| virt.wrapping_sub(o.virt.value()) < o.phys.bytes());
                    if home.is_none() && is_first_page(machine, virt) {
                        continue;
                    }
                    let home = home.unwrap_or_else(|| panic!("{virt:#x} is not mapped"));
                    prop_assert!(!m.rights.write || home.permission.writes());
                    prop_assert!(!m.rights.execute || home.permission.executes());
                }
            }
        }
    }
}
