// SPDX-License-Identifier: GPL-2.0

//! The address of each region during calls.

use crate::plan::{
    base::addr::{
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    map::region::Region,
};
use core::fmt;

/// The addresses that the architecture offers during firmware calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AddressSpace {
    /// The lowest address of the window for fixed addresses, our own and inherited ones.
    pub(crate) fixed_bottom: VirtAddr,
    /// The address after the window.
    pub(crate) fixed_top: VirtAddr,
    /// The top of a new layout, which grows down. It is at most `fixed_top`. It is less if kernels
    /// with a smaller window should be able to inherit the map.
    pub(crate) layout_top: VirtAddr,
    /// The size of a large page, a power of two. A region keeps its offset within a large page, so
    /// that large pages can map it.
    pub(crate) large_page: u64,
    /// The size of a block of addresses, a power of two, at most `large_page`. Regions that do not
    /// touch in physical memory never share such a block, so that kernels with larger pages can
    /// inherit the map.
    pub(crate) granule: u64,
    /// The size of this kernel's pages, a power of two.
    pub(crate) page: u64,
    /// The end of the memory that a 1:1 map can hold.
    pub(crate) identity_end: PhysAddr,
}

/// The window for fixed addresses, in the form for messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    bottom: VirtAddr,
    top: VirtAddr,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[{}-{:#x}]",
            self.bottom,
            self.top.value().wrapping_sub(1)
        )
    }
}

/// The reason why regions cannot be laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LayoutError {
    /// A region ends beyond the memory that a 1:1 map can hold.
    BeyondIdentity(PhysRange, PhysAddr),
    /// The window for fixed addresses is used up.
    Exhausted(PhysRange),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeyondIdentity(range, end) => {
                write!(
                    f,
                    "region {range} does not fit a 1:1 map, which ends at {end}"
                )
            }
            Self::Exhausted(range) => {
                write!(
                    f,
                    "no room for region {range} in the window for fixed addresses"
                )
            }
        }
    }
}

impl AddressSpace {
    /// Checks that a 1:1 map can hold `range`.
    ///
    /// # Errors
    ///
    /// [`LayoutError::BeyondIdentity`] if not.
    pub(crate) fn check_identity(&self, range: &PhysRange) -> Result<(), LayoutError> {
        if range.end() <= self.identity_end {
            Ok(())
        } else {
            Err(LayoutError::BeyondIdentity(*range, self.identity_end))
        }
    }

    /// Checks that a 1:1 map can hold all of `regions`.
    ///
    /// # Errors
    ///
    /// [`LayoutError::BeyondIdentity`] if not.
    pub(crate) fn identity_fits(&self, regions: &[Region]) -> Result<(), LayoutError> {
        regions
            .iter()
            .try_for_each(|region| self.check_identity(&region.phys))
    }

    /// Gives every region its physical address.
    ///
    /// # Errors
    ///
    /// [`LayoutError::BeyondIdentity`] if one does not fit. Then the regions are unchanged.
    pub(crate) fn lay_out_identity(&self, regions: &mut [Region]) -> Result<(), LayoutError> {
        self.identity_fits(regions)?;
        for region in regions {
            region.virt = region.phys.start().identity();
        }
        Ok(())
    }

    /// Gives every region an address in the window. It goes from `layout_top` down and from the
    /// last region to the first. So a region that follows another in the memory map is above it. An
    /// image that firmware has split into regions needs this: its parts refer to each other by
    /// distance.
    ///
    /// The result does not depend on the page size, on the end of the window, or on the room for
    /// 1:1 aliases, which serve pointers that firmware fails to convert.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Exhausted`] if the window is too small.
    pub(crate) fn lay_out_fixed(&self, regions: &mut [Region]) -> Result<(), LayoutError> {
        let mut above = None;
        for region in regions.iter_mut().rev() {
            region.virt = self.fixed_address(above.as_ref(), region)?;
            above = Some(*region);
        }
        Ok(())
    }

    /// Checks that the window can hold all of `regions`.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Exhausted`] if not.
    pub(crate) fn fixed_fits(&self, regions: &[Region]) -> Result<(), LayoutError> {
        let mut above = None;
        for region in regions.iter().rev() {
            let virt = self.fixed_address(above.as_ref(), region)?;
            above = Some(Region { virt, ..*region });
        }
        Ok(())
    }

    /// The address of `region` in the window. `above` is the region that has just been placed, if
    /// any.
    fn fixed_address(
        &self,
        above: Option<&Region>,
        region: &Region,
    ) -> Result<VirtAddr, LayoutError> {
        let top = above.map_or(self.layout_top, |above| self.top_below(above, region));
        self.below(top, &region.phys)
            .ok_or(LayoutError::Exhausted(region.phys))
    }

    /// The highest address at which `region` may end. `above` has just been placed.
    fn top_below(&self, above: &Region, region: &Region) -> VirtAddr {
        if region.phys.joined(&above.phys).is_some() {
            // The regions touch. So a page that holds parts of both is one page of physical memory
            // too.
            above.virt
        } else {
            VirtAddr::new(above.virt.value() & !self.granule.saturating_sub(1))
        }
    }

    /// The highest address below `top` at which `range` fits and keeps its physical offset within a
    /// large page. [`None`] if this is below the window.
    fn below(&self, top: VirtAddr, range: &PhysRange) -> Option<VirtAddr> {
        let mask = self.large_page.checked_sub(1)?;
        let end = top.value().checked_sub(range.bytes())?;
        let offset = range.start().value() & mask;
        let in_page = (end & !mask).checked_add(offset)?;
        let virt = if in_page > end {
            in_page.checked_sub(self.large_page)?
        } else {
            in_page
        };
        (virt >= self.fixed_bottom.value()).then_some(VirtAddr::new(virt))
    }

    pub(crate) fn window(&self) -> Window {
        Window {
            bottom: self.fixed_bottom,
            top: self.fixed_top,
        }
    }

    /// Tells if the window holds `bytes` bytes at `virt`.
    pub(crate) fn in_window(&self, virt: VirtAddr, bytes: u64) -> bool {
        let end = virt.value().checked_add(bytes);
        self.fixed_bottom <= virt && end.is_some_and(|end| end <= self.fixed_top.value())
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_layout)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::{
            addr::Pages,
            list::List, //
        },
        fixtures::{
            MapBytes,
            ARM64,
            ARM64_39,
            ARM64_64K,
            BLANK_REGION,
            OVMF,
            OVMF_STOCK_ADDRESSES,
            X86_64, //
        },
        map::collect::collect,
    };

    fn region(start: u64, pages: u64) -> Region {
        let phys = PhysRange::new(PhysAddr::new(start), Pages::new(pages));
        Region {
            phys: phys.unwrap_or(BLANK_REGION.phys),
            ..BLANK_REGION
        }
    }

    #[test]
    fn fixed_agrees_with_stock() {
        let bytes = MapBytes::new(&OVMF);
        let mut buffer = [BLANK_REGION; 16];
        let mut regions = List::new(&mut buffer);
        assert_eq!(collect(&bytes.map(), true, &mut regions), Ok(()));
        assert_eq!(X86_64.lay_out_fixed(&mut regions), Ok(()));
        let runtime = regions.iter().filter(|region| !region.is_temporary());
        let got = runtime.map(|region| (region.phys.start().value(), region.virt.value()));
        assert!(got.eq(OVMF_STOCK_ADDRESSES));
    }

    #[test]
    fn identity_ends_where_the_address_space_does() {
        let end = X86_64.identity_end.value();
        let mut fits = [region(end - 0x1000, 1)];
        assert_eq!(X86_64.lay_out_identity(&mut fits), Ok(()));
        assert_eq!(fits[0].virt.value(), end - 0x1000);

        let mut beyond = [region(0x1000, 1), region(end - 0x1000, 2)];
        let error = LayoutError::BeyondIdentity(beyond[1].phys, X86_64.identity_end);
        assert_eq!(X86_64.lay_out_identity(&mut beyond), Err(error));
        assert_eq!(beyond[0].virt, BLANK_REGION.virt);
    }

    #[test]
    fn fixed_takes_what_a_1_to_1_map_cannot() {
        let mut high = [region(1 << 39, 1), region(0x4000_0000, 1)];
        let error = LayoutError::BeyondIdentity(high[0].phys, ARM64_39.identity_end);
        assert_eq!(ARM64_39.lay_out_identity(&mut high), Err(error));
        assert_eq!(ARM64_39.lay_out_fixed(&mut high), Ok(()));
        assert!(high
            .iter()
            .all(|region| ARM64_39.in_window(region.virt, 0x1000)));
    }

    #[test]
    fn fixed_uses_the_window_to_the_last_page() {
        for space in [X86_64, ARM64, ARM64_39, ARM64_64K] {
            let window = (space.layout_top.value() - space.fixed_bottom.value()) >> 12;
            assert_eq!(space.lay_out_fixed(&mut [region(0, window)]), Ok(()));
            let mut large = [region(0, window + 1)];
            let error = LayoutError::Exhausted(large[0].phys);
            assert_eq!(space.lay_out_fixed(&mut large), Err(error));
            let mut two = [region(0, 1), region(0, window)];
            let error = LayoutError::Exhausted(two[0].phys);
            assert_eq!(space.lay_out_fixed(&mut two), Err(error));
        }
    }

    #[test]
    fn a_granule_is_shared_by_what_touches_only() {
        let mut regions = [
            region(0x7f1c_6000, 2), // a page before the next
            region(0x7f1c_9000, 3), // touches the next
            region(0x7f1c_c000, 1),
            region(0x7f1c_d000, 0x13), // touches it too, and is in the next granule
        ];
        assert_eq!(ARM64.lay_out_fixed(&mut regions), Ok(()));
        // This large page holds all regions but the first. In this page, the offset of the first
        // would put it into the granule of the second, so it needs another page.
        let large = ARM64.layout_top.value() - (2 << 20);
        let got = regions.iter().map(|region| region.virt.value());
        assert!(got.eq([
            large - (2 << 20) + 0x1c_6000,
            large + 0x1c_9000,
            large + 0x1c_c000,
            large + 0x1c_d000,
        ]));
        for region in &mut regions {
            region.virt = BLANK_REGION.virt;
        }
        let apart = AddressSpace {
            granule: 0x1000,
            ..ARM64
        };
        assert_eq!(apart.lay_out_fixed(&mut regions), Ok(()));
        assert_eq!(regions[0].virt.value(), large + 0x1c_6000);
    }

    #[test]
    fn fixed_is_the_same_for_every_arm64_kernel() {
        let regions = [
            region(0x4000_f000, 0x21),
            region(0x4002_0000, 1),
            region(0x2_0000_1000, 7),
            region(0x1000, 0x801),
        ];
        let mut first = regions;
        assert_eq!(ARM64.lay_out_fixed(&mut first), Ok(()));
        for region in first {
            let moved = region.virt.value().abs_diff(region.phys.start().value());
            assert_eq!(moved % 0x1_0000, 0);
            assert!(region.virt.value() < 1 << 36);
        }
        for space in [ARM64_39, ARM64_64K] {
            let mut other = regions;
            assert_eq!(space.lay_out_fixed(&mut other), Ok(()));
            assert_eq!(other, first);
        }
    }

    #[test]
    fn the_window_has_two_ends() {
        let (bottom, top) = (X86_64.fixed_bottom, X86_64.fixed_top.value());
        assert!(X86_64.in_window(bottom, 0x1000));
        assert!(!X86_64.in_window(VirtAddr::new(bottom.value() - 0x1000), 0x1000));
        assert!(X86_64.in_window(VirtAddr::new(top - 0x1000), 0x1000));
        assert!(!X86_64.in_window(VirtAddr::new(top - 0x1000), 0x2000));
        assert!(!X86_64.in_window(VirtAddr::new(u64::MAX - 0xfff), 0x2000));
    }

    #[test]
    fn an_inherited_address_may_lie_above_a_new_layout() {
        let top = ARM64_39.layout_top;
        assert!(ARM64_39.in_window(top, 0x1000));
        assert!(!ARM64_39.in_window(VirtAddr::new((1 << 39) - 0x1000), 0x2000));
        assert!(ARM64.in_window(VirtAddr::new((1 << 39) - 0x1000), 0x2000));
    }
}
