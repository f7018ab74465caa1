// SPDX-License-Identifier: GPL-2.0

//! Where an inherited map has the firmware's regions.

use crate::plan::{
    base::{
        addr::{
            PhysAddr,
            VirtAddr, //
        },
        ranges::{
            cover,
            meeting, //
        },
    },
    handover::refusal::InheritError,
    map::{
        entry::Entry,
        region::Region, //
    },
};

/// Gives each of `regions` the address that `entries`, which are in order, map it at.
///
/// # Errors
///
/// [`InheritError::NotCovered`] if the entries leave a part of a region out, and
/// [`InheritError::Scattered`] if they do not give its parts the same distance in both address
/// spaces: a successor is told one address for each region.
pub(crate) fn place(regions: &mut [Region], entries: &[Entry]) -> Result<(), InheritError> {
    for region in regions {
        let parts = meeting(entries, &region.phys);
        let virt = parts
            .first()
            .filter(|_| cover(parts, &region.phys))
            .and_then(|first| first.translate(region.phys.start()))
            .ok_or(InheritError::NotCovered(region.phys))?;
        // Neither address space wraps within an entry, but the distance between the two may.
        let moved_by = |phys: PhysAddr, virt: VirtAddr| virt.value().wrapping_sub(phys.value());
        let distance = moved_by(region.phys.start(), virt);
        let mut parts = parts.iter();
        if parts.any(|part| moved_by(part.phys.start(), part.virt) != distance) {
            return Err(InheritError::Scattered(region.phys));
        }
        region.virt = virt;
    }
    Ok(())
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
        fixtures::{
            data,
            entry,
            MapBytes,
            BLANK_REGION, //
        },
        map::collect::collect,
    };

    const HIGH: u64 = 0xffff_fffe_0000_0000;

    #[test]
    fn places_regions_that_are_covered() -> Result<(), RangeError> {
        let bytes = MapBytes::new(&[data(0x10_0000, 4)]);
        let mut buffer = [BLANK_REGION; 2];
        let mut regions = List::new(&mut buffer);
        assert!(collect(&bytes.map(), false, &mut regions).is_ok());
        let whole = [
            entry(0x10_0000, HIGH, 1)?,
            entry(0x10_1000, HIGH + 0x1000, 3)?,
        ];
        assert_eq!(place(&mut regions, &whole), Ok(()));
        assert_eq!(regions[0].virt.value(), HIGH);
        let error = InheritError::NotCovered(regions[0].phys);
        assert_eq!(place(&mut regions, &whole[..1]), Err(error));
        assert_eq!(place(&mut regions, &whole[1..]), Err(error));
        let apart = [whole[0], entry(0x10_1000, HIGH + 0x2000, 3)?];
        let error = InheritError::Scattered(regions[0].phys);
        assert_eq!(place(&mut regions, &apart), Err(error));
        Ok(())
    }
}
