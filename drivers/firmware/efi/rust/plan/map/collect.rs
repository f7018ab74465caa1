// SPDX-License-Identifier: GPL-2.0

//! The runtime regions of a memory map, even if the map has errors.

use crate::plan::{
    base::{
        list::List,
        ranges::put_in_order, //
    },
    firmware::memmap::{
        Descriptor,
        MemoryMap, //
    },
    map::region::{
        Region,
        RegionError, //
    },
};

/// Collects the regions of `map` that must be mapped, in its order, into `regions`, an empty list.
///
/// With `boot_services`, collects boot services memory too: it is intact, and needed, until SVAM
/// has been called.
///
/// Known or possible errors of firmware are handled like this:
///
/// - Descriptors without pages or beyond 64 bits are skipped. Shipped firmware has them (ThinkPad
///   W541, Linux commit 0100a3e67a9c). Stock x86 removes them before the take-over.
/// - Runtime services code and data are runtime regions even without the attribute: see
///   [`Descriptor::is_runtime`].
/// - A descriptor that repeats memory of an earlier one adds nothing. Neighbours of one type and
///   attribute become one region. This changes no address: the layout stays the same as in stock.
/// - Runtime regions that overlap become one too. If one of them is code, all of it is code: fewer
///   rights would stop firmware. If one of them is not cached, all of it is not cached. This is
///   slow, but right for both. If one of them is a device, all of it is mapped as a device. Stock
///   x86 maps all of them, and the first in the map wins the 1:1 addresses.
/// - An earlier kernel may have given addresses to two regions that overlap. If the addresses put
///   the common memory at two places, this is an error.
/// - A region that does not start on a page becomes whole pages: see [`Descriptor::range`].
///
/// # Errors
///
/// A [`RegionError`] if there is no runtime region, if two that overlap have been given different
/// places, or if `regions` has no room for one region for each descriptor.
pub(crate) fn collect(
    map: &MemoryMap<'_>,
    boot_services: bool,
    regions: &mut List<'_, Region>,
) -> Result<(), RegionError> {
    let wanted = || map.iter().filter_map(|d| wanted(&d, boot_services));
    for region in wanted() {
        regions.push(region)?;
    }
    // Nearly all memory maps describe no memory twice. Then regions need not be compared with each
    // other.
    let apart = put_in_order(regions).is_ok();
    regions.remove(0..regions.len());
    for mut region in wanted() {
        if !apart && regions.iter().any(|other| other.repeated_by(&region)) {
            continue;
        }
        if !apart && !region.is_temporary() {
            region = take_in(region, regions)?;
        }
        let touching = regions.last_mut().filter(|last| follows(last, &region));
        match touching.and_then(|last| last.merged(&region).map(|merged| (last, merged))) {
            Some((last, merged)) => *last = merged,
            None => regions.push(region)?,
        }
    }
    if regions.iter().all(Region::is_temporary) {
        return Err(RegionError::None);
    }
    Ok(())
}

/// Makes a region of `descriptor`, if it is to be mapped.
fn wanted(descriptor: &Descriptor, boot_services: bool) -> Option<Region> {
    let temporary = boot_services && descriptor.ty.is_boot_services();
    let phys = descriptor.range().ok()?;
    (descriptor.is_runtime() || temporary).then(|| Region::of(descriptor, phys))
}

/// Removes the runtime regions that overlap `region` from `regions`, and unites all of them.
fn take_in(mut region: Region, regions: &mut List<'_, Region>) -> Result<Region, RegionError> {
    let meets = |region: &Region, regions: &[Region]| {
        let mut found = regions.iter().copied().enumerate();
        found.find(|(_, other)| !other.is_temporary() && other.phys.overlaps(&region.phys))
    };
    // Each round removes one region, so the loop ends.
    while let Some((index, other)) = meets(&region, regions) {
        region = other
            .united(&region)
            .ok_or(RegionError::Overlap(other.phys, region.phys))?;
        regions.remove(index..index + 1);
    }
    Ok(region)
}

/// Tells if `region` is behind `last` by the same distance in both address spaces. This is always
/// true if no addresses have been given yet.
fn follows(last: &Region, region: &Region) -> bool {
    let behind = last.virt.value().checked_add(last.phys.bytes());
    let unset = last.virt.value() == 0 && region.virt.value() == 0;
    unset || behind == Some(region.virt.value())
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_region_collect)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::{
            Pages,
            RangeError,
            VirtAddr, //
        },
        firmware::memtype::{
            Attributes,
            MemoryType, //
        },
        fixtures::{
            code,
            data,
            descriptor,
            range,
            MapBytes,
            BLANK_REGION,
            OVMF, //
        },
    };

    #[test]
    fn takes_runtime_regions_in_order() {
        let bytes = MapBytes::new(&OVMF);
        let mut buffer = [BLANK_REGION; 16];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), false, &mut regions), Ok(()));
        assert_eq!(regions.len(), 4);
        assert!(regions.iter().all(|region| !region.is_temporary()));

        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), true, &mut regions), Ok(()));
        assert_eq!(
            regions
                .iter()
                .filter(|region| region.is_temporary())
                .count(),
            5
        );
    }

    #[test]
    fn merges_neighbours_of_one_kind_only() {
        let bytes = MapBytes::new(&[
            data(0x10_0000, 1),
            data(0x10_1000, 2),
            code(0x10_3000, 1),
            data(0x20_0000, 1),
        ]);
        let mut buffer = [BLANK_REGION; 8];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), true, &mut regions), Ok(()));
        assert_eq!(regions.len(), 3);
        assert_eq!(regions[0].phys.pages(), Pages::new(3));
    }

    #[test]
    fn keeps_neighbours_apart_whose_addresses_are() {
        let mut high = data(0x10_1000, 1);
        high.virt = VirtAddr::new(0x9000);
        let bytes = MapBytes::new(&[data(0x10_0000, 1), high]);
        let mut buffer = [BLANK_REGION; 8];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), true, &mut regions), Ok(()));
        assert_eq!(regions.len(), 2);
    }

    #[test]
    fn passes_over_bogus_and_duplicate_descriptors() {
        let bytes = MapBytes::new(&[
            data(0x10_0000, 0),
            data(0x10_0000, 1 << 52),
            data(0x20_0000, 1),
            data(0x20_0000, 1),
        ]);
        let mut buffer = [BLANK_REGION; 8];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), false, &mut regions), Ok(()));
        assert_eq!(regions.len(), 1);
    }

    #[test]
    fn a_duplicate_of_a_merged_region_is_one() {
        let (a, b) = (data(0x10_0000, 1), data(0x10_1000, 1));
        let bytes = MapBytes::new(&[a, b, a, b]);
        let mut buffer = [BLANK_REGION; 8];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), false, &mut regions), Ok(()));
        assert_eq!(regions.len(), 1);
        assert_eq!(regions[0].phys.pages(), Pages::new(2));
    }

    #[test]
    fn boot_services_memory_hides_no_runtime_region() {
        let boot = descriptor(MemoryType::BOOT_SERVICES_DATA, 0x10_0000, 1);
        let bytes = MapBytes::new(&[boot, data(0x10_0000, 1), boot]);
        let mut buffer = [BLANK_REGION; 8];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), true, &mut regions), Ok(()));
        assert!(regions
            .iter()
            .map(|region| region.is_temporary())
            .eq([true, false]));
    }

    /// The only region of `descriptors`: type, attributes, start, pages, address.
    fn only(descriptors: &[Descriptor]) -> Option<(MemoryType, u64, u64, u64, u64)> {
        let bytes = MapBytes::new(descriptors);
        let mut buffer = [BLANK_REGION; 8];
        let mut regions = List::new(&mut buffer);
        collect(&bytes.map(), false, &mut regions).ok()?;
        let region = regions.first().filter(|_| regions.len() == 1)?;
        Some((
            region.ty,
            region.attributes.0,
            region.phys.start().value(),
            region.phys.pages().count(),
            region.virt.value(),
        ))
    }

    const CODE: MemoryType = MemoryType::RUNTIME_SERVICES_CODE;
    const DATA: MemoryType = MemoryType::RUNTIME_SERVICES_DATA;
    const USUAL: u64 = 1 << 63 | 0xf;

    #[test]
    fn overlapping_regions_become_one() {
        let (a, b, c) = (data(0x10_0000, 2), data(0x10_1000, 2), data(0x10_3000, 4));
        let both = Some((DATA, USUAL, 0x10_0000, 3, 0));
        assert_eq!(only(&[a, b]), both);
        assert_eq!(only(&[b, a]), both);
        // The last region fills the gap between the two others, and more.
        let (low, high) = (data(0x10_0000, 2), data(0x10_4000, 4));
        let all = Some((DATA, USUAL, 0x10_0000, 8, 0));
        assert_eq!(only(&[low, high, data(0x10_1000, 4)]), all);
        assert_eq!(
            only(&[b, data(0xf_f000, 9)]),
            Some((DATA, USUAL, 0xf_f000, 9, 0))
        );
        assert_eq!(only(&[a, b, c]), Some((DATA, USUAL, 0x10_0000, 7, 0)));
    }

    #[test]
    fn what_is_code_and_data_is_code() {
        let (a, b) = (data(0x10_0000, 2), code(0x10_1000, 2));
        let both = Some((CODE, USUAL, 0x10_0000, 3, 0));
        assert_eq!(only(&[a, b]), both);
        assert_eq!(only(&[b, a]), both);
        let twice = [data(0x10_0000, 2), code(0x10_0000, 2)];
        assert_eq!(only(&twice), Some((CODE, USUAL, 0x10_0000, 2, 0)));
    }

    #[test]
    fn overlapping_regions_keep_their_addresses() {
        let at = |descriptor: Descriptor, virt| Descriptor {
            virt: VirtAddr::new(virt),
            ..descriptor
        };
        let (a, b) = (data(0x10_1000, 2), data(0x10_0000, 2));
        let together = [at(a, 0x9000), at(b, 0x8000)];
        assert_eq!(only(&together), Some((DATA, USUAL, 0x10_0000, 3, 0x8000)));
        assert_eq!(only(&[at(a, 0x9000), at(b, 0x9000)]), None);
    }

    #[test]
    fn what_overlaps_is_mapped_in_the_way_that_is_right_for_both() {
        let uncached = |descriptor: Descriptor| Descriptor {
            attributes: Attributes(1 << 63 | 1),
            ..descriptor
        };
        let (ram, slow) = (data(0x10_0000, 2), uncached(data(0x10_1000, 2)));
        let (io, rom) = (MemoryType::MAPPED_IO, code(0x10_1000, 2));
        let device = uncached(descriptor(io, 0x10_1000, 2));
        let reserved = uncached(descriptor(MemoryType(0), 0x10_0000, 2));
        let unclear = 1 << 63 | 1;
        for (a, b, ty, attributes) in [
            (ram, slow, DATA, unclear),
            (ram, device, io, unclear),
            (reserved, device, io, unclear),
            (reserved, slow, DATA, unclear),
            (reserved, rom, CODE, unclear),
            (uncached(code(0x10_0000, 2)), device, CODE, unclear),
        ] {
            let both = Some((ty, attributes, 0x10_0000, 3, 0));
            assert_eq!(only(&[a, b]), both);
            assert_eq!(only(&[b, a]), both);
        }
    }

    #[test]
    fn a_right_is_taken_away_by_both_only() {
        let marked = |descriptor: Descriptor, bits: u64| Descriptor {
            attributes: Attributes(USUAL | bits),
            ..descriptor
        };
        let (ro, xp) = (Attributes::RO.0, Attributes::XP.0);
        let (a, b) = (code(0x10_0000, 2), code(0x10_1000, 2));
        let map = [marked(a, ro | xp), marked(b, xp)];
        assert_eq!(only(&map), Some((CODE, USUAL | xp, 0x10_0000, 3, 0)));
    }

    #[test]
    fn refuses_two_places_for_one_page() -> Result<(), RangeError> {
        let at = |descriptor: Descriptor, virt| Descriptor {
            virt: VirtAddr::new(virt),
            ..descriptor
        };
        let map = [
            at(data(0x10_0000, 2), 0x9000),
            at(data(0x10_1000, 2), 0x9000),
        ];
        let error = RegionError::Overlap(range(0x10_0000, 2)?, range(0x10_1000, 2)?);
        let bytes = MapBytes::new(&map);
        let mut buffer = [BLANK_REGION; 8];
        let result = collect(&bytes.map(), false, &mut List::new(&mut buffer));
        assert_eq!(result, Err(error));
        Ok(())
    }

    #[test]
    fn passes_over_descriptors_of_zeros() {
        let zeros = descriptor(MemoryType(0), 0, 0);
        let map = [data(0x10_0000, 1), zeros, zeros, zeros, zeros, zeros];
        assert_eq!(only(&map), Some((DATA, USUAL, 0x10_0000, 1, 0)));
        let runtime = Descriptor {
            attributes: Attributes::RUNTIME,
            ..zeros
        };
        let map = [data(0x10_0000, 1), runtime, runtime];
        assert_eq!(only(&map), Some((DATA, USUAL, 0x10_0000, 1, 0)));
    }

    #[test]
    fn runtime_services_need_no_attribute() {
        for ty in [CODE, DATA] {
            let unmarked = Descriptor {
                attributes: Attributes(0xf),
                ..descriptor(ty, 0x10_0000, 2)
            };
            // The region has the attribute, for all who read it.
            assert_eq!(only(&[unmarked]), Some((ty, USUAL, 0x10_0000, 2, 0)));
        }
        for ty in (0..16).map(MemoryType) {
            let unmarked = Descriptor {
                attributes: Attributes(0xf),
                ..descriptor(ty, 0x10_0000, 2)
            };
            assert_eq!(only(&[unmarked]).is_some(), ty == CODE || ty == DATA);
        }
    }

    #[test]
    fn memory_without_cacheability_is_a_region() {
        let unclear = Descriptor {
            attributes: Attributes::RUNTIME,
            ..code(0x10_0000, 2)
        };
        let runtime = Attributes::RUNTIME.0;
        assert_eq!(only(&[unclear]), Some((CODE, runtime, 0x10_0000, 2, 0)));
    }

    #[test]
    fn a_region_may_lie_at_0() {
        assert_eq!(only(&[data(0, 2)]), Some((DATA, USUAL, 0, 2, 0)));
        // These are 1:1 addresses of an earlier kernel: 0 is a normal address.
        let behind = Descriptor {
            virt: VirtAddr::new(0x2000),
            ..data(0x2000, 1)
        };
        assert_eq!(only(&[data(0, 2), behind]), Some((DATA, USUAL, 0, 3, 0)));
    }

    #[test]
    fn a_region_is_made_of_whole_pages() {
        let at = |phys, virt| Descriptor {
            virt: VirtAddr::new(virt),
            ..data(phys, 2)
        };
        let whole = Some((DATA, USUAL, 0x10_0000, 2, 0x9000));
        assert_eq!(only(&[at(0x10_0800, 0x9800)]), whole);
        let both = Some((DATA, USUAL, 0x10_0000, 4, 0x9000));
        assert_eq!(only(&[at(0x10_0800, 0x9800), at(0x10_2000, 0xb000)]), both);
    }

    #[test]
    fn refuses_more_regions_than_fit() {
        let bytes = MapBytes::new(&[data(0x10_0000, 1), code(0x20_0000, 1)]);
        let mut buffer = [BLANK_REGION; 1];
        assert_eq!(
            collect(&bytes.map(), false, &mut List::new(&mut buffer)),
            Err(RegionError::TooMany(1))
        );
    }

    #[test]
    fn refuses_a_map_without_runtime_regions() {
        let bytes = MapBytes::new(&[descriptor(MemoryType::BOOT_SERVICES_DATA, 0x10_0000, 1)]);
        let mut buffer = [BLANK_REGION; 8];
        assert_eq!(
            collect(&bytes.map(), true, &mut List::new(&mut buffer)),
            Err(RegionError::None)
        );
    }
}
