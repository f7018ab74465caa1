// SPDX-License-Identifier: GPL-2.0

//! The addresses at which recorded firmware is called.

use super::*;
use crate::{
    invariants,
    plan::map::write::annotate, //
};

/// The physical address that `tables` map `addr` to.
fn found(tables: &[Mapping], addr: u64) -> Option<u64> {
    let mut homes = tables
        .iter()
        .filter(|m| addr.wrapping_sub(m.virt.value()) < m.phys.bytes());
    let home = homes.next()?;
    assert!(homes.next().is_none());
    Some(home.phys.start().value() + (addr - home.virt.value()))
}

#[test]
fn some_layout_can_be_mapped_by_every_kernel() {
    with_each(|firmware| {
        for space in firmware.spaces() {
            let layouts = firmware.layouts(&space);
            assert!(layouts.iter().any(Option::is_some), "off");
            for regions in layouts.iter().flatten() {
                let tables = firmware.page_tables(regions, &space);
                for region in regions {
                    let (virt, phys) = (region.virt.value(), region.phys.start().value());
                    let last = region.phys.bytes() - 1;
                    assert_eq!(found(&tables, virt), Some(phys));
                    assert_eq!(found(&tables, virt + last), Some(phys + last));
                    // Pointers that firmware fails to convert need the alias.
                    let alias = Some(phys).filter(|_| region.phys.end() <= space.identity_end);
                    assert_eq!(found(&tables, phys), alias);
                }
            }
            if let [_, Some(regions)] = &layouts {
                invariants::fixed_layout(&space, regions);
            }
        }
    });
}

/// A kernel may have written addresses into a recorded map: none, 1:1 ones, ours, or stock's. These
/// addresses check the model of stock. On x86, our addresses are the same as stock's.
#[test]
fn the_addresses_are_those_that_some_kernel_gives() {
    let (mut high, mut low) = (0, 0);
    for firmware in all() {
        println!("{}", firmware.name);
        let runtime: Vec<_> = firmware.runtime().copied().collect();
        if runtime.iter().all(|d| d.virt == d.phys || d.virt == 0) {
            continue;
        }
        let x86 = firmware.recording.architecture == "x86_64";
        let machine = firmware.machine(&firmware.space, true);
        let recorded: Vec<_> = runtime.iter().map(|d| (d.phys, Some(d.virt))).collect();
        let stock = firmware.stock(machine);
        let addresses = |d: &Descriptor| (d.phys, stock.address_of(d));
        let theirs: Vec<_> = runtime.iter().map(addresses).collect();
        let [_, fixed] = firmware.layouts(&firmware.space);
        let ours = annotated(&firmware, &fixed.unwrap());
        if theirs == recorded {
            *(if x86 { &mut high } else { &mut low }) += 1;
        } else {
            assert_eq!(ours, recorded);
        }
        if x86 {
            assert_eq!(ours, theirs);
        }
        // These are the addresses of boot services memory, if they are recorded.
        let boot = firmware.recording.firmware.memory_map.descriptors.iter();
        for d in boot.filter(|d| MemoryType(d.ty).is_boot_services() && d.virt != 0) {
            assert_eq!(stock.address_of(d), Some(d.virt), "{d:x?}");
        }
    }
    // These many recordings have tested the model.
    assert!(high >= 10 && low >= 1, "{high} and {low}");
}

/// Address and memory of every runtime descriptor, as a successor reads them.
fn annotated(firmware: &Recorded, regions: &[Region]) -> Vec<(u64, Option<u64>)> {
    let size = usize::try_from(firmware.recording.firmware.memory_map.descriptor_size).unwrap();
    let mut bytes = firmware.map.clone();
    annotate(regions, size, &mut bytes).unwrap();
    let map = MemoryMap::new(&bytes, size).unwrap();
    let runtime = map.iter().filter(|d| d.attributes.has(Attributes::RUNTIME));
    runtime
        .map(|d| (d.phys.value(), Some(d.virt.value())))
        .collect()
}
