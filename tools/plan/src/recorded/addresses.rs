// SPDX-License-Identifier: GPL-2.0

//! Where recorded firmware is called.

use super::*;
use crate::plan::{
    memmap::annotate,
    page::{
        mappings,
        most,
        Mapping, //
    },
};

/// The address spaces of kernels for the recording's architecture.
fn spaces(firmware: &Recorded) -> Vec<AddressSpace> {
    match &*firmware.recording.architecture {
        "x86_64" => vec![X86_64],
        _ => vec![ARM64, ARM64_39, ARM64_64K],
    }
}

/// Page tables for the entries of `regions`, checked: how many pages two permissions share.
fn shared_pages(firmware: &Recorded, regions: &[Region], space: &AddressSpace) -> usize {
    let entries = firmware.entries(regions);
    let mut buffer = vec![Mapping::BLANK; most(entries.len())];
    let mut list = List::new(&mut buffer);
    mappings(&entries, space, &mut list).unwrap();
    invariants::mappings(&list, space.page);
    for entry in &entries {
        let mapped = |addr: u64| {
            let mut homes = list.iter().filter(|m| {
                let start = m.virt.value();
                (start..start + m.phys.bytes()).contains(&addr)
            });
            let home = homes.next().unwrap();
            assert!(homes.next().is_none());
            home.phys.start().value() + (addr - home.virt.value())
        };
        let (virt, phys) = (entry.virt.value(), entry.phys.start().value());
        let last = entry.phys.bytes() - 1;
        assert_eq!(mapped(virt), phys);
        assert_eq!(mapped(virt + last), phys + last);
        // For pointers that firmware fails to convert.
        assert_eq!(mapped(phys), phys);
    }
    list.iter().filter(|mapping| mapping.shared).count()
}

#[test]
fn both_layouts_can_be_mapped_by_every_kernel() {
    with_each(|firmware| {
        for space in spaces(firmware) {
            let mut regions = firmware.regions(true);
            space.lay_out_fixed(&mut regions).unwrap();
            invariants::fixed_layout(&space, &regions);
            let fixed = shared_pages(firmware, &regions, &space);
            space.lay_out_identity(&mut regions).unwrap();
            assert!(regions.iter().all(|r| r.virt == r.phys.start().identity()));
            let identity = shared_pages(firmware, &regions, &space);
            // UEFI asks firmware for arm64 to mind pages of 64 KiB (2.10, section 2.3.6).
            assert_eq!((fixed, identity), (0, 0));
        }
    });
}

/// The kernel that recorded it had given it addresses: on x86 fixed ones if firmware is 64-bit, and
/// 1:1 ones elsewhere.
#[test]
fn stock_gave_the_addresses_that_we_give() {
    with_each(|firmware| {
        let mut regions = firmware.regions(true);
        let recorded = &firmware.recording;
        if recorded.architecture == "x86_64" && recorded.firmware.bits == 64 {
            firmware.space.lay_out_fixed(&mut regions).unwrap();
        } else {
            firmware.space.lay_out_identity(&mut regions).unwrap();
        }
        let size = usize::try_from(recorded.firmware.memory_map.descriptor_size).unwrap();
        let mut bytes = firmware.map.clone();
        annotate(&regions, size, &mut bytes).unwrap();
        let map = MemoryMap::new(&bytes, size).unwrap();
        let ours: Vec<_> = map
            .iter()
            .filter(|d| d.attributes.has(Attributes::RUNTIME))
            .map(|d| (d.phys.value(), d.virt.value()))
            .collect();
        let theirs: Vec<_> = firmware.runtime().map(|d| (d.phys, d.virt)).collect();
        assert_eq!(ours, theirs);
    });
}
