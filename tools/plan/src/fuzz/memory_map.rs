// SPDX-License-Identifier: GPL-2.0

//! The firmware's memory map.

use super::*;
use crate::plan::{
    base::kind::Kind,
    handover::legacy::legacy_kind,
    map::write::{
        annotate,
        encode, //
    }, //
};
use std::string::ToString;

/// Byte 0 is the size of a descriptor, in units of 4 bytes. The rest are descriptors.
pub fn memory_map(data: &[u8]) {
    let [units, bytes @ ..] = data else {
        return;
    };
    let desc_size = usize::from(*units) * 4;
    match MemoryMap::new(bytes, desc_size) {
        Ok(map) => {
            assert_eq!(map.len(), bytes.len() / desc_size);
            for boot_services in [false, true] {
                match regions_of(&map, boot_services) {
                    Ok(regions) => use_regions(&map, regions, bytes, desc_size),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn use_regions(map: &MemoryMap<'_>, mut regions: Vec<Region>, bytes: &[u8], desc_size: usize) {
    for range in map.runtime_ranges() {
        let mut homes = regions.iter().filter(|region| !region.is_temporary());
        assert!(homes.any(|home| home.phys.contains(&range)), "lost {range}");
    }
    for space in SPACES {
        if space.lay_out_identity(&mut regions).is_ok() {
            assert!(regions.iter().all(|r| r.virt == r.phys.start().identity()));
            build(&space, &regions, &[]);
            hand_down(&regions, bytes, desc_size, &space);
        }
        if space.lay_out_fixed(&mut regions).is_ok() {
            invariants::fixed_layout(&space, &regions);
            build(&space, &regions, &[]);
            hand_down(&regions, bytes, desc_size, &space);
        }
    }
}

/// Checks that a stock successor finds the addresses in the whole map, and in its runtime regions.
fn hand_down(regions: &[Region], bytes: &[u8], desc_size: usize, space: &AddressSpace) {
    let mut stays: Vec<_> = regions
        .iter()
        .copied()
        .filter(|r| !r.is_temporary())
        .collect();
    // With memory that no machine has, fixed addresses can equal the physical ones by chance.
    let physical = |r: &Region| r.virt == r.phys.start().identity();
    let reachable = |r: &Region| space.check_identity(&r.phys).is_ok();
    if !stays.iter().all(physical) || stays.iter().all(reachable) {
        legacy_kind(&mut stays, space, Kind::Phys).expect("a kernel gives such addresses");
    }

    let mut annotated = bytes.to_vec();
    annotate(regions, desc_size, &mut annotated).expect("the size that was accepted");
    follow(&annotated, desc_size, &stays);

    let mut written = vec![0xa5; stays.len() * desc_size];
    let used = encode(&stays, desc_size, &mut written);
    assert_eq!(used, Some(written.len()));
    let read = MemoryMap::new(&written, desc_size).expect("what was written");
    assert!(read.iter().eq(stays.iter().map(Region::descriptor)));
    follow(&written, desc_size, &stays);
}

/// Checks that the addresses of `regions` are found in `bytes`.
fn follow(bytes: &[u8], desc_size: usize, regions: &[Region]) {
    let map = MemoryMap::new(bytes, desc_size).expect("sizes that were accepted");
    let found = regions_of(&map, false).expect("regions that were accepted");
    let moved = |region: &Region| {
        region
            .virt
            .value()
            .wrapping_sub(region.phys.start().value())
    };
    for region in regions {
        let mut homes = found.iter().filter(|home| home.phys.contains(&region.phys));
        assert!(homes.any(|home| moved(home) == moved(region)), "{region:?}");
    }
}
