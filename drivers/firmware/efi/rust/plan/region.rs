// SPDX-License-Identifier: GPL-2.0

//! Runtime regions: the parts of the memory map that must be mapped during firmware calls.

use super::{
    addr::{
        PhysRange,
        RangeError,
        VirtAddr, //
    },
    list::{
        Full,
        List, //
    },
    memmap::{
        Descriptor,
        MemoryMap, //
    },
    memtype::{
        Attributes,
        MemoryType, //
    },
};
use core::fmt;

/// A runtime region and the address that the plan gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Region {
    pub(crate) ty: MemoryType,
    pub(crate) attributes: Attributes,
    pub(crate) phys: PhysRange,
    pub(crate) virt: VirtAddr,
}

impl Region {
    /// Something to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        ty: MemoryType(0),
        attributes: Attributes::RUNTIME,
        phys: PhysRange::FIRST_PAGE,
        virt: VirtAddr::new(0),
    };

    /// Whether the region is needed only until SVAM has returned. Firmware may not touch boot
    /// services memory any more, but much of it does so within SVAM.
    pub(crate) fn is_temporary(&self) -> bool {
        !self.attributes.has(Attributes::RUNTIME)
    }

    pub(crate) fn descriptor(&self) -> Descriptor {
        Descriptor {
            ty: self.ty,
            phys: self.phys.start(),
            virt: self.virt,
            pages: self.phys.pages(),
            attributes: self.attributes,
        }
    }

    /// Whether `other`, which follows in the memory map, adds nothing to this region. Boot services
    /// memory does not make up for a runtime region.
    fn repeated_by(&self, other: &Self) -> bool {
        let same = self.ty == other.ty && self.attributes == other.attributes;
        let serves = !self.is_temporary() || other.is_temporary();
        self.phys == other.phys && serves || same && self.phys.contains(&other.phys)
    }

    /// The region that this one and `next` make together, if they touch and are of one kind.
    fn merged(&self, next: &Self) -> Option<Self> {
        let same = self.ty == next.ty && self.attributes == next.attributes;
        let phys = self.phys.joined(&next.phys).filter(|_| same)?;
        Some(Self { phys, ..*self })
    }
}

/// Why a memory map gives no set of runtime regions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RegionError {
    None,
    Misaligned(MemoryType, RangeError),
    Overlap(PhysRange, PhysRange),
    TooMany(usize),
}

impl From<Full> for RegionError {
    fn from(full: Full) -> Self {
        Self::TooMany(full.0)
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("the memory map has no runtime regions"),
            Self::Misaligned(ty, error) => write!(f, "{ty}: {error}"),
            Self::Overlap(a, b) => write!(f, "runtime regions {a} and {b} overlap"),
            Self::TooMany(limit) => write!(f, "more than {limit} runtime regions"),
        }
    }
}

/// Collects the regions of `map` that must be mapped, in its order, into `regions`.
///
/// With `boot_services`, boot services memory is taken too: it is there, and needed, until SVAM
/// has been called.
///
/// Descriptors without pages or beyond 64 bits, which shipped firmware has (ThinkPad W541), are
/// passed over, as is what an earlier descriptor covers; neighbours of one type and attribute become
/// one region, which changes no address: the layout stays the one stock Linux makes.
///
/// # Errors
///
/// A [`RegionError`] if no runtime region is found, one does not start on a page, two overlap, or
/// `regions` is full.
pub(crate) fn collect(
    map: &MemoryMap<'_>,
    boot_services: bool,
    regions: &mut List<'_, Region>,
) -> Result<(), RegionError> {
    for descriptor in map.iter() {
        let (ty, attributes) = (descriptor.ty, descriptor.attributes);
        let temporary = boot_services && ty.is_boot_services();
        if !attributes.has(Attributes::RUNTIME) && !temporary {
            continue;
        }
        let phys = match PhysRange::new(descriptor.phys, descriptor.pages) {
            Ok(phys) => phys,
            Err(error @ RangeError::Misaligned(_)) => {
                return Err(RegionError::Misaligned(ty, error));
            }
            Err(RangeError::Empty(_) | RangeError::Overflow(..)) => continue,
        };
        let virt = descriptor.virt;
        let region = Region {
            ty,
            attributes,
            phys,
            virt,
        };
        if regions.iter().any(|other| other.repeated_by(&region)) {
            continue;
        }
        if !region.is_temporary() {
            let mut runtime = regions.iter().filter(|other| !other.is_temporary());
            if let Some(other) = runtime.find(|other| other.phys.overlaps(&phys)) {
                return Err(RegionError::Overlap(other.phys, phys));
            }
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

/// Whether `region` lies behind `last` by the same distance in both address spaces. It always does
/// where no addresses have been given yet.
fn follows(last: &Region, region: &Region) -> bool {
    let behind = last.virt.value().checked_add(last.phys.bytes());
    let unset = last.virt.value() == 0 && region.virt.value() == 0;
    unset || behind == Some(region.virt.value())
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_region)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        addr::{
            Pages,
            PhysAddr, //
        },
        fixtures::{
            code,
            data,
            descriptor,
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

    #[test]
    fn refuses_overlapping_runtime_regions() {
        let (a, b) = (data(0x10_0000, 2), code(0x10_1000, 2));
        let bytes = MapBytes::new(&[a, b]);
        let mut buffer = [BLANK_REGION; 8];
        let error = collect(&bytes.map(), false, &mut List::new(&mut buffer));
        assert!(matches!(error, Err(RegionError::Overlap(..))));
    }

    #[test]
    fn refuses_misaligned_regions() {
        let bytes = MapBytes::new(&[code(0x10_0800, 1)]);
        let mut buffer = [BLANK_REGION; 8];
        let misaligned = RangeError::Misaligned(PhysAddr::new(0x10_0800));
        assert_eq!(
            collect(&bytes.map(), false, &mut List::new(&mut buffer)),
            Err(RegionError::Misaligned(
                MemoryType::RUNTIME_SERVICES_CODE,
                misaligned
            ))
        );
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
