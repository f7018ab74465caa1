// SPDX-License-Identifier: GPL-2.0

//! The traces of a kernel without handover table: addresses in the memory map, and nothing else.

use crate::plan::{
    base::kind::Kind,
    handover::{
        inherit::{
            check_address,
            sort_apart, //
        },
        refusal::InheritError,
    },
    map::{
        layout::AddressSpace,
        region::Region, //
    },
};

/// The kind of the map whose addresses `regions`, as a stock kernel handed them over, hold. They
/// are in the order of physical addresses then.
///
/// Runtime services memory without the attribute for it has got no address from such a kernel,
/// which maps what has the attribute. Firmware has not been told otherwise, so it is 1:1.
///
/// 1:1 addresses do not tell whether SVAM was called. It makes no difference to a successor:
/// `identity` is the kind to report, what stock kernels of this architecture do.
///
/// # Errors
///
/// An [`InheritError`] if the addresses are none that a kernel gives.
pub(crate) fn legacy_kind(
    regions: &mut [Region],
    space: &AddressSpace,
    identity: Kind,
) -> Result<Kind, InheritError> {
    let given = regions.iter().any(|region| region.virt.value() != 0);
    for region in regions.iter_mut().filter(|region| region.virt.value() == 0) {
        if given {
            region.virt = region.phys.start().identity();
        }
    }
    let all_identity = regions
        .iter()
        .all(|region| region.virt == region.phys.start().identity());
    let kind = if all_identity { identity } else { Kind::Fixed };
    for region in regions.iter() {
        check_address(kind, &region.phys, region.virt, space)?;
    }
    sort_apart(regions, |region| region.virt)?;
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
        base::addr::{
            RangeError,
            VirtAddr, //
        },
        fixtures::{
            region,
            X86_64, //
        },
    };

    const HIGH: u64 = 0xffff_fffe_0000_0000;

    #[test]
    fn legacy_addresses_tell_the_kind() -> Result<(), RangeError> {
        let mut identity = [region(0x1000, 0x1000)?, region(0x9000, 0x9000)?];
        for kind in [Kind::Phys, Kind::Ident] {
            assert_eq!(legacy_kind(&mut identity, &X86_64, kind), Ok(kind));
        }
        let mut fixed = [region(0x1000, HIGH)?, region(0x9000, HIGH + 0x8000)?];
        assert_eq!(
            legacy_kind(&mut fixed, &X86_64, Kind::Ident),
            Ok(Kind::Fixed)
        );

        let mut unset = [region(0x1000, 0)?];
        let error = InheritError::OutsideWindow(unset[0].phys, VirtAddr::new(0), X86_64.window());
        assert_eq!(legacy_kind(&mut unset, &X86_64, Kind::Ident), Err(error));
        let mut same = [region(0x1000, HIGH)?, region(0x9000, HIGH)?];
        let error = InheritError::Overlap(same[0].phys, same[1].phys);
        assert_eq!(legacy_kind(&mut same, &X86_64, Kind::Ident), Err(error));
        Ok(())
    }

    #[test]
    fn what_has_no_address_while_others_do_is_1_to_1() -> Result<(), RangeError> {
        for (virt, kind) in [(0x1000, Kind::Phys), (HIGH, Kind::Fixed)] {
            let mut regions = [region(0x9000, 0)?, region(0x1000, virt)?, region(0, 0)?];
            assert_eq!(legacy_kind(&mut regions, &X86_64, Kind::Phys), Ok(kind));
            let got = regions.map(|region| region.virt.value());
            assert_eq!(got, [0, virt, 0x9000]);
        }
        let mut none = [region(0x9000, 0)?, region(0x1000, 0)?];
        assert!(legacy_kind(&mut none, &X86_64, Kind::Phys).is_err());
        assert_eq!(none[0].virt.value(), 0);
        Ok(())
    }
}
