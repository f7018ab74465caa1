// SPDX-License-Identifier: GPL-2.0

//! Memory maps: no bytes harm the reader, and it collects exactly the memory that firmware
//! described.

use super::*;
use crate::plan::{
    base::addr::{
        PhysRange,
        VirtAddr, //
    },
    fixtures::ARM64,
    map::{
        region::RegionError,
        write::{
            annotate,
            encode, //
        },
    },
};

/// Tells if `page` is in one of `ranges`.
fn has(ranges: &[PhysRange], page: u64) -> bool {
    ranges
        .iter()
        .any(|range| (range.start().value()..range.end().value()).contains(&(page * PAGE_SIZE)))
}

proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in vec(any::<u8>(), 0..400),
        desc_size in prop_oneof![0usize..100, any::<usize>()],
        boot_services: bool,
    ) {
        if let Ok(map) = MemoryMap::new(&bytes, desc_size) {
            prop_assert_eq!(map.len(), bytes.len() / desc_size);
            prop_assert_eq!(map.iter().count(), map.len());
            let mut buffer = [BLANK_REGION; 4];
            let mut regions = List::new(&mut buffer);
            if collect(&map, boot_services, &mut regions).is_ok() {
                invariants::regions(&regions);
            }
        }
    }

    #[test]
    fn collects_what_is_described(map in wild_map(), boot_services: bool) {
        let bytes = map_bytes(&map);
        let read = MemoryMap::new(&bytes, DESC_SIZE).unwrap();
        prop_assert!(read.iter().eq(map.iter().copied()));

        let mut buffer = vec![BLANK_REGION; map.len()];
        let mut regions = List::new(&mut buffer);
        let wanted = map.iter().filter(|d| {
            d.is_runtime() || boot_services && d.ty.is_boot_services()
        });
        let ranges: Vec<_> = wanted.clone().map(|d| d.range()).collect();
        match collect(&read, boot_services, &mut regions) {
            Ok(()) => {
                invariants::regions(&regions);
                let asked: Vec<_> = wanted.clone().filter(|d| d.is_runtime())
                    .filter_map(|d| d.range().ok())
                    .collect();
                let got: Vec<_> = regions.iter()
                    .filter(|region| !region.is_temporary())
                    .map(|region| region.phys)
                    .collect();
                for range in asked.iter().chain(&got) {
                    let first = range.start().value() / PAGE_SIZE;
                    for page in first..first + range.pages().count().min(64) {
                        prop_assert!(has(&asked, page) && has(&got, page), "page {}", page);
                    }
                }
            }
            Err(RegionError::None) => {
                prop_assert!(wanted.clone().zip(&ranges).all(|(d, r)| !d.is_runtime() || r.is_err()));
            }
            Err(RegionError::Overlap(..)) => prop_assert!(false, "no descriptor has an address"),
            Err(RegionError::TooMany(_)) => prop_assert!(false, "one region each at most"),
        }
    }

    #[test]
    fn sound_maps_are_accepted_and_read_back((map, regions) in sound_regions(true)) {
        invariants::regions(&regions);
        let mut bytes = vec![0xa5; (regions.len() + 1) * DESC_SIZE];
        let used = encode(&regions, DESC_SIZE, &mut bytes).unwrap();
        let read = MemoryMap::new(&bytes[..used], DESC_SIZE).unwrap();
        prop_assert!(read.iter().eq(regions.iter().map(Region::descriptor)));
        prop_assert!(bytes[used..].iter().all(|&byte| byte == 0xa5));

        let wanted = map.iter().filter(|d| d.ty != MemoryType::CONVENTIONAL_MEMORY);
        let pages = |sum: u64, d: &Descriptor| sum + d.pages.count();
        let collected = regions.iter().fold(0, |sum, r| sum + r.phys.pages().count());
        prop_assert_eq!(wanted.fold(0, pages), collected);
        for pair in regions.windows(2) {
            let same = pair[0].ty == pair[1].ty && pair[0].attributes == pair[1].attributes;
            prop_assert!(!same || pair[0].phys.end() < pair[1].phys.start(), "not merged");
        }
    }

    #[test]
    fn every_runtime_descriptor_is_annotated_as_its_region(map in wild_map()) {
        let Some(mut regions) = regions_of(&map, true) else {
            return Ok(());
        };
        if ARM64.lay_out_fixed(&mut regions).is_err() {
            // Descriptors that repeat memory can ask for more than the window has.
            return Ok(());
        }
        let mut bytes = map_bytes(&map);
        annotate(&regions, DESC_SIZE, &mut bytes).unwrap();
        let read = MemoryMap::new(&bytes, DESC_SIZE).unwrap();
        for (old, new) in map.iter().zip(read.iter()) {
            let Ok(phys) = old.range() else {
                prop_assert_eq!(*old, new);
                continue;
            };
            let home = regions.iter().find(|r| !r.is_temporary() && r.phys.contains(&phys));
            let runtime = old.is_runtime();
            prop_assert!(!runtime || home.is_some(), "a runtime descriptor in no region");
            let virt = match home.filter(|_| runtime) {
                Some(home) => {
                    let offset = old.phys.value() - home.phys.start().value();
                    VirtAddr::new(home.virt.value() + offset)
                }
                None => old.virt,
            };
            let attributes = if runtime {
                old.attributes.with(Attributes::RUNTIME)
            } else {
                old.attributes
            };
            prop_assert_eq!(Descriptor { virt, attributes, ..*old }, new);
        }
        // Another kernel collects the same regions from the map, except temporary ones.
        let mut buffer = vec![BLANK_REGION; map.len()];
        let mut again = List::new(&mut buffer);
        prop_assert_eq!(collect(&read, false, &mut again), Ok(()));
        prop_assert!(again.iter().all(|region| regions.contains(region)));
    }

    #[test]
    fn no_descriptor_size_makes_the_writer_panic(
        (_, regions) in sound_regions(false),
        desc_size in prop_oneof![0usize..64, any::<usize>()],
    ) {
        let mut bytes = [0; 1024];
        let used = encode(&regions, desc_size, &mut bytes);
        let fits = desc_size >= 40
            && regions.len().checked_mul(desc_size).is_some_and(|n| n <= bytes.len());
        prop_assert_eq!(used.is_some(), fits);
    }
}
