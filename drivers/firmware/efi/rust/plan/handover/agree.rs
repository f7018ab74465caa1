// SPDX-License-Identifier: GPL-2.0

//! Compares two inherited maps.

use crate::plan::{
    handover::refusal::InheritError,
    map::region::Region, //
};

/// Checks that two maps have the same regions at the same addresses.
///
/// # Errors
///
/// [`InheritError::Disagree`] with the first region that they have at different ones.
pub(crate) fn agree(regions: &[Region], others: &[Region]) -> Result<(), InheritError> {
    for (region, other) in regions.iter().zip(others) {
        if region.virt != other.virt {
            let (virt, other) = (region.virt, other.virt);
            return Err(InheritError::Disagree(region.phys, virt, other));
        }
    }
    Ok(())
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_inherit_agree)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::region, //
    };

    #[test]
    fn maps_with_the_same_addresses_agree() -> Result<(), RangeError> {
        let map = [region(0x1000, 0x1000)?, region(0x3000, 0x3000)?];
        assert_eq!(agree(&map, &map), Ok(()));
        let moved = [map[0], region(0x3000, 0x4000)?];
        let (here, there) = (map[1].virt, moved[1].virt);
        let error = InheritError::Disagree(map[1].phys, here, there);
        assert_eq!(agree(&map, &moved), Err(error));
        Ok(())
    }
}
