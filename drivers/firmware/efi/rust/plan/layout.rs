// SPDX-License-Identifier: GPL-2.0

//! Which address each region is called at.

use super::{
    addr::{
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    region::Region,
};
use core::fmt;

/// The addresses that the architecture offers during firmware calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AddressSpace {
    /// The lowest address of the window for fixed addresses.
    pub(crate) fixed_bottom: VirtAddr,
    /// The address after the window.
    pub(crate) fixed_top: VirtAddr,
    /// The size of a large page, a power of two: a region keeps its offset within one, so that
    /// large pages can map it.
    pub(crate) large_page: u64,
    /// The address after what a 1:1 map reaches.
    pub(crate) identity_end: PhysAddr,
}

/// Why regions cannot be laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LayoutError {
    /// A region reaches beyond what a 1:1 map can hold.
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
    /// Whether a 1:1 map can hold `range`.
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

    /// Gives every region its physical address.
    ///
    /// # Errors
    ///
    /// [`LayoutError::BeyondIdentity`] if one does not fit; the regions are then unchanged.
    pub(crate) fn lay_out_identity(&self, regions: &mut [Region]) -> Result<(), LayoutError> {
        regions
            .iter()
            .try_for_each(|region| self.check_identity(&region.phys))?;
        for region in regions {
            region.virt = region.phys.start().identity();
        }
        Ok(())
    }

    /// Gives every region an address in the window, from the top down and from the last region to
    /// the first, so that a region that follows another in the memory map lies above it: images
    /// that firmware has split into regions refer to themselves by distance. The 1:1 alias, for
    /// pointers that firmware fails to convert, must fit too.
    ///
    /// # Errors
    ///
    /// A [`LayoutError`] if the window or the 1:1 map is too small.
    pub(crate) fn lay_out_fixed(&self, regions: &mut [Region]) -> Result<(), LayoutError> {
        let mut next = self.fixed_top;
        for region in regions.iter_mut().rev() {
            self.check_identity(&region.phys)?;
            next = self
                .below(next, &region.phys)
                .ok_or(LayoutError::Exhausted(region.phys))?;
            region.virt = next;
        }
        Ok(())
    }

    /// The highest address below `top` at which `range` fits and has its physical offset within a
    /// large page, or [`None`] if the window does not reach that far.
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

    /// Whether the window holds `bytes` bytes at `virt`.
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
        addr::Pages,
        fixtures::{
            MapBytes,
            BLANK_REGION,
            OVMF,
            OVMF_STOCK_ADDRESSES,
            X86_64, //
        },
        list::List,
        region::collect,
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
        assert_eq!(X86_64.lay_out_fixed(&mut beyond), Err(error));
    }

    #[test]
    fn fixed_uses_the_window_to_the_last_page() {
        let window = (X86_64.fixed_top.value() - X86_64.fixed_bottom.value()) >> 12;
        assert_eq!(X86_64.lay_out_fixed(&mut [region(0, window)]), Ok(()));
        let mut large = [region(0, window + 1)];
        let error = LayoutError::Exhausted(large[0].phys);
        assert_eq!(X86_64.lay_out_fixed(&mut large), Err(error));
        let mut two = [region(0, 1), region(0, window)];
        let error = LayoutError::Exhausted(two[0].phys);
        assert_eq!(X86_64.lay_out_fixed(&mut two), Err(error));
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
}
