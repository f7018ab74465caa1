// SPDX-License-Identifier: GPL-2.0

//! What a kernel without handover table leaves: addresses in the memory map, and nothing else.

use super::{
    super::{
        layout::AddressSpace,
        region::Region,
        request::Kind, //
    },
    check_address,
    check_overlap,
    InheritError, //
};

/// The kind of the map whose addresses `regions`, as a stock kernel handed them over, hold.
///
/// 1:1 addresses do not tell whether SVAM was called. It makes no difference to a successor:
/// `identity` is the kind to report, what stock kernels of this architecture do.
///
/// # Errors
///
/// An [`InheritError`] if the addresses are none that a kernel gives.
pub(crate) fn legacy_kind(
    regions: &[Region],
    space: &AddressSpace,
    identity: Kind,
) -> Result<Kind, InheritError> {
    let all_identity = regions
        .iter()
        .all(|region| region.virt == region.phys.start().identity());
    let kind = if all_identity { identity } else { Kind::Fixed };
    for (index, region) in regions.iter().enumerate() {
        check_address(kind, &region.phys, region.virt, space)?;
        let others = regions.iter().take(index).map(|r| (&r.phys, r.virt));
        check_overlap(&region.phys, region.virt, others)?;
    }
    Ok(kind)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_inherit_legacy)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        addr::{
            RangeError,
            VirtAddr, //
        },
        fixtures::{
            range,
            BLANK_REGION,
            X86_64, //
        },
    };

    const HIGH: u64 = 0xffff_fffe_0000_0000;

    #[test]
    fn legacy_addresses_tell_the_kind() -> Result<(), RangeError> {
        let region = |phys, virt| -> Result<Region, RangeError> {
            Ok(Region {
                phys: range(phys, 1)?,
                virt: VirtAddr::new(virt),
                ..BLANK_REGION
            })
        };
        let identity = [region(0x1000, 0x1000)?, region(0x9000, 0x9000)?];
        for kind in [Kind::Phys, Kind::Ident] {
            assert_eq!(legacy_kind(&identity, &X86_64, kind), Ok(kind));
        }
        let fixed = [region(0x1000, HIGH)?, region(0x9000, HIGH + 0x8000)?];
        assert_eq!(legacy_kind(&fixed, &X86_64, Kind::Ident), Ok(Kind::Fixed));

        let unset = [region(0x1000, 0)?];
        let error = InheritError::OutsideWindow(unset[0].phys, VirtAddr::new(0), X86_64.window());
        assert_eq!(legacy_kind(&unset, &X86_64, Kind::Ident), Err(error));
        let same = [region(0x1000, HIGH)?, region(0x9000, HIGH)?];
        let error = InheritError::Overlap(same[0].phys, same[1].phys);
        assert_eq!(legacy_kind(&same, &X86_64, Kind::Ident), Err(error));
        Ok(())
    }
}
