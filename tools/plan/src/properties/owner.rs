// SPDX-License-Identifier: GPL-2.0

//! The owner of memory: the found part ends exactly where the last of firmware's pages ends.

use super::*;
use crate::plan::{
    base::addr::PhysAddr,
    firmware::owner::{
        extent,
        BootServices,
        Foreign,
        KernelMemory, //
    },
};

/// Tells if `page` is firmware's. One descriptor is enough if its type says so. Memory that the
/// kernel has `kept`, and boot services memory `outside_ram`, counts only where there is no device.
fn is_firmwares(
    map: &[Descriptor],
    kept: &[(u64, u64)],
    boot_services: BootServices,
    outside_ram: bool,
    page: u64,
) -> bool {
    let addr = PhysAddr::new(page * PAGE_SIZE);
    let here = map
        .iter()
        .filter(|d| d.range().is_ok_and(|range| range.contains_addr(addr)));
    let firmwares = here.clone().any(|d| match d.ty.0 {
        8 | 11 | 12 | 15 => false,
        1 | 2 | 7 | 14 => d.attributes.has(Attributes::RUNTIME),
        3 | 4 => boot_services == BootServices::Intact || d.attributes.has(Attributes::RUNTIME),
        _ => true,
    });
    let device = here.clone().any(|d| matches!(d.ty.0, 8 | 11 | 12 | 15));
    let kept = kept
        .iter()
        .any(|(start, end)| (*start..*end).contains(&page));
    let outside_ram = outside_ram && boot_services == BootServices::IntactOutsideRam;
    let intact = outside_ram && here.clone().any(|d| matches!(d.ty.0, 3 | 4));
    firmwares || !device && (kept || intact)
}

proptest! {
    #[test]
    fn memory_goes_as_far_as_it_is_firmwares(
        map in wild_map(),
        at in any::<Index>(),
        offset in -3 * PAGE_SIZE as i64..0x20_0000,
        most in 0usize..40 * PAGE_SIZE as usize,
        kept in vec((-8i64..64, 1u64..32), 0..3),
        boot_services in prop_oneof![
            Just(BootServices::Intact),
            Just(BootServices::IntactOutsideRam),
            Just(BootServices::Gone),
        ],
        ram in -8i64..64,
    ) {
        let start = map[at.index(map.len())].phys.value();
        let addr = start.saturating_add_signed(offset % (40 * PAGE_SIZE as i64));
        let page = start / PAGE_SIZE;
        let kept: Vec<_> = kept.into_iter().map(|(from, pages)| {
            let from = page.saturating_add_signed(from);
            (from, from + pages)
        }).collect();
        let last = u64::MAX / PAGE_SIZE;
        let kept_until = |addr: PhysAddr| {
            let page = addr.value() / PAGE_SIZE;
            let around = kept.iter().find(|(start, end)| (*start..*end).contains(&page));
            around.map_or(addr, |(_, end)| PhysAddr::new((*end).min(last) * PAGE_SIZE))
        };
        // RAM ends before this page.
        let ram = page.saturating_add_signed(ram).min(last);
        let outside_ram = |addr: PhysAddr| {
            if addr.value() / PAGE_SIZE < ram { addr } else { PhysAddr::new(last * PAGE_SIZE) }
        };
        let is_firmwares = |page| is_firmwares(&map, &kept, boot_services, page >= ram, page);
        let wanted = addr.saturating_add(most as u64);
        let pages = addr / PAGE_SIZE..last;
        let end = pages.clone()
            .find(|page| page * PAGE_SIZE >= wanted || !is_firmwares(*page))
            .unwrap_or(last);
        let expected = (end * PAGE_SIZE).min(wanted).saturating_sub(addr) as usize;

        let bytes = map_bytes(&map);
        let map = MemoryMap::new(&bytes, DESC_SIZE).unwrap();
        let addr = PhysAddr::new(addr);
        let kernel = KernelMemory { kept: &kept_until, outside_ram: &outside_ram };
        let found = extent(&map, boot_services, &kernel, addr, most);
        prop_assert_eq!(found, if expected > 0 { Ok(expected) } else { Err(Foreign(addr)) });
    }
}
