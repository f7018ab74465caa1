// SPDX-License-Identifier: GPL-2.0

//! Where an inherited map has the firmware's regions.

use crate::plan::{
    base::{
        addr::VirtAddr,
        ranges::meeting, //
    },
    handover::refusal::InheritError,
    map::{
        entry::Entry,
        region::Region, //
    },
};

/// Gives each of `regions` the address that `entries` map it at. The entries are in order, and
/// neither they nor the regions overlap.
///
/// # Errors
///
/// An [`InheritError`] if an entry lies in none of `regions`, is not what its region is, or has
/// another distance between its two addresses than the other parts of the region: a successor is
/// told one address for each region. And if the entries leave a part of a region out.
pub(crate) fn place(regions: &mut [Region], entries: &[Entry]) -> Result<(), InheritError> {
    let placed = place_each(regions, entries);
    if placed == Ok(entries.len()) {
        return Ok(());
    }
    // An entry that lies elsewhere says more than the gap that it leaves.
    let is_outside = |entry: &&Entry| !regions.iter().any(|r| r.phys.overlaps(&entry.phys));
    match entries.iter().find(is_outside) {
        Some(entry) => Err(InheritError::OutsideRuntime(entry.phys)),
        None => placed.map(|_| ()),
    }
}

/// Returns how many of `entries` are parts of `regions`.
fn place_each(regions: &mut [Region], entries: &[Entry]) -> Result<usize, InheritError> {
    let mut placed = 0;
    for region in regions {
        let parts = meeting(entries, &region.phys);
        region.virt = address(region, parts)?;
        placed += parts.len();
    }
    Ok(placed)
}

/// Returns the address of `region`, whose `parts` are in order.
fn address(region: &Region, parts: &[Entry]) -> Result<VirtAddr, InheritError> {
    let not_covered = InheritError::NotCovered(region.phys);
    let distance = |part: &Entry| part.virt.distance_from(part.phys.start());
    let first = parts.first().ok_or(not_covered)?;
    let mut cursor = region.phys.start();
    for part in parts {
        if !region.phys.contains(&part.phys) {
            return Err(InheritError::OutsideRuntime(part.phys));
        }
        if part.ty != region.ty || part.attributes != region.attributes {
            return Err(InheritError::OtherMemory(part.phys, region.ty));
        }
        if part.phys.start() != cursor {
            return Err(not_covered);
        }
        if distance(part) != distance(first) {
            return Err(InheritError::Scattered(region.phys));
        }
        cursor = part.phys.end();
    }
    if cursor == region.phys.end() {
        Ok(first.virt)
    } else {
        Err(not_covered)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_inherit_place)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::{
            addr::RangeError,
            list::List, //
        },
        firmware::memtype::{
            Attributes,
            MemoryType, //
        },
        fixtures::{
            code,
            data,
            entry,
            range,
            MapBytes,
            BLANK_REGION, //
        },
        map::collect::collect,
    };

    const HIGH: u64 = 0xffff_fffe_0000_0000;

    /// Places the regions of a firmware with data at 1 MiB (4 pages) and code right behind it (4
    /// pages), which its memory map has the other way round. Returns the address of each.
    fn addresses(entries: &[Entry]) -> Result<[u64; 2], InheritError> {
        let bytes = MapBytes::new(&[code(0x10_4000, 4), data(0x10_0000, 4)]);
        let mut buffer = [BLANK_REGION; 2];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), false, &mut regions), Ok(()));
        place(&mut regions, entries)?;
        Ok([regions[0].virt.value(), regions[1].virt.value()])
    }

    /// A part of the code.
    fn part(phys: u64, virt: u64, pages: u64) -> Result<Entry, RangeError> {
        Ok(Entry {
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            ..entry(phys, virt, pages)?
        })
    }

    #[test]
    fn places_regions_that_are_covered() -> Result<(), RangeError> {
        let data = [
            entry(0x10_0000, HIGH, 1)?,
            entry(0x10_1000, HIGH + 0x1000, 3)?,
        ];
        let code = part(0x10_4000, 0x10_4000, 4)?;
        let range = |start, pages| range(start, pages).map(InheritError::NotCovered);
        assert_eq!(addresses(&[data[0], data[1], code]), Ok([0x10_4000, HIGH]));
        let all_data = range(0x10_0000, 4)?;
        let all_code = range(0x10_4000, 4)?;
        assert_eq!(addresses(&[data[0], code]), Err(all_data));
        assert_eq!(addresses(&[data[1], code]), Err(all_data));
        assert_eq!(addresses(&data), Err(all_code));
        let most = part(0x10_4000, 0x10_4000, 3)?;
        assert_eq!(addresses(&[data[0], data[1], most]), Err(all_code));
        Ok(())
    }

    #[test]
    fn parts_of_a_region_stay_together() -> Result<(), RangeError> {
        let parts = [
            entry(0x10_0000, HIGH, 1)?,
            entry(0x10_1000, HIGH + 0x2000, 3)?,
            part(0x10_4000, 0x10_4000, 4)?,
        ];
        let error = InheritError::Scattered(range(0x10_0000, 4)?);
        assert_eq!(addresses(&parts), Err(error));
        Ok(())
    }

    #[test]
    fn refuses_entries_outside_of_the_regions() -> Result<(), RangeError> {
        let data = entry(0x10_0000, 0x10_0000, 4)?;
        let code = part(0x10_4000, 0x10_4000, 4)?;
        let before = entry(0xf_e000, 0xf_e000, 1)?;
        let begins_before = entry(0xf_f000, 0xf_f000, 5)?;
        let ends_behind = part(0x10_4000, 0x10_4000, 5)?;
        let behind = part(0x10_8000, 0x10_8000, 1)?;
        let both = entry(0x10_0000, 0x10_0000, 8)?;
        for (entries, outside) in [
            (&[before, data, code][..], before),
            (&[begins_before, code], begins_before),
            (&[data, ends_behind], ends_behind),
            (&[data, code, behind], behind),
            (&[before, code], before),
            (&[data, behind], behind),
            (&[both], both),
        ] {
            let error = InheritError::OutsideRuntime(outside.phys);
            assert_eq!(addresses(entries), Err(error));
        }
        Ok(())
    }

    #[test]
    fn an_entry_is_what_its_region_is() -> Result<(), RangeError> {
        let data = entry(0x10_0000, 0x10_0000, 4)?;
        let code = part(0x10_4000, 0x10_4000, 4)?;
        let ty = MemoryType::RUNTIME_SERVICES_DATA;
        for other in [
            Entry {
                ty: code.ty,
                ..data
            },
            Entry {
                attributes: Attributes::RUNTIME,
                ..data
            },
        ] {
            let error = InheritError::OtherMemory(data.phys, ty);
            assert_eq!(addresses(&[other, code]), Err(error));
        }
        Ok(())
    }
}
