// SPDX-License-Identifier: GPL-2.0

//! A run of pages, and how it comes from an entry.

use crate::plan::{
    base::{
        addr::{
            Pages,
            PhysAddr,
            PhysRange,
            VirtAddr,
            PAGE_SIZE, //
        },
        list::Full,
    },
    firmware::{
        memtype::{
            Attributes,
            MemoryType, //
        },
        perm::Permission,
    },
    map::entry::Entry,
};
use core::fmt;

/// A run of this kernel's pages that are mapped alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mapping {
    pub(crate) phys: PhysRange,
    pub(crate) virt: VirtAddr,
    pub(crate) permission: Permission,
    pub(crate) ty: MemoryType,
    pub(crate) attributes: Attributes,
    /// One page that entries with different permissions share: `permission` is more than one of
    /// them at least asks for.
    pub(crate) shared: bool,
}

impl Mapping {
    /// Something to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        phys: PhysRange::FIRST_PAGE,
        virt: VirtAddr::new(0),
        permission: Permission::Read,
        ty: MemoryType(0),
        attributes: Attributes::RUNTIME,
        shared: false,
    };

    /// What `entry` asks for, whatever the pages of this kernel.
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            phys: entry.phys,
            virt: entry.virt,
            permission: entry.permission,
            ty: entry.ty,
            attributes: entry.attributes,
            shared: false,
        }
    }

    /// The address after the last byte. What [`Self::rounded`] has taken ends within 64 bits.
    pub(super) fn end(&self) -> VirtAddr {
        VirtAddr::new(self.virt.value().saturating_add(self.phys.bytes()))
    }

    /// How far the addresses are from the memory. The difference of the two may wrap.
    pub(super) fn distance(&self) -> u64 {
        self.virt.value().wrapping_sub(self.phys.start().value())
    }

    /// Whether one page can hold parts of both: not of a device and of memory. Cacheability does not
    /// matter, as arm64, which alone has pages that parts can share, goes by the type.
    pub(super) fn same_memory(&self, other: &Self) -> bool {
        let device = |mapping: &Self| mapping.ty == MemoryType::MAPPED_IO;
        device(self) == device(other)
    }

    /// This, rounded outwards to whole pages of `page` bytes in both address spaces.
    pub(super) fn rounded(&self, page: u64) -> Result<Self, PageError> {
        let error = PageError::Unmappable(self.phys, self.virt, page);
        let mask = page.saturating_sub(1);
        let (start, virt) = (self.phys.start().value(), self.virt.value());
        let before = start & mask;
        if virt & mask != before {
            return Err(error);
        }
        let bytes = self
            .phys
            .bytes()
            .checked_add(before)
            .and_then(|bytes| bytes.checked_add(mask))
            .map(|bytes| bytes & !mask)
            .filter(|&bytes| (virt - before).checked_add(bytes).is_some())
            .ok_or(error)?;
        let start = PhysAddr::new(start - before);
        Ok(Self {
            phys: PhysRange::new(start, Pages::new(bytes / PAGE_SIZE)).map_err(|_| error)?,
            virt: VirtAddr::new(virt - before),
            ..*self
        })
    }

    /// The part from byte `from` to byte `to`, or [`None`] if that is empty.
    pub(super) fn part(&self, from: u64, to: u64) -> Option<Self> {
        let at = |offset| self.phys.start().value().checked_add(offset);
        let (start, end) = (PhysAddr::new(at(from)?), PhysAddr::new(at(to)?));
        Some(Self {
            phys: self.phys.between(start, end)?,
            virt: VirtAddr::new(self.virt.value().checked_add(from)?),
            ..*self
        })
    }
}

/// Why this kernel cannot map entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PageError {
    /// Memory and address lie differently within a page, or a page reaches beyond 64 bits.
    Unmappable(PhysRange, VirtAddr, u64),
    Overlap(PhysRange, PhysRange),
    /// Two entries in one page of addresses, but not in one page of memory.
    Apart(PhysRange, PhysRange, u64),
    /// Two entries in one page that are different kinds of memory.
    Memory(PhysRange, PhysRange, u64),
    TooMany(usize),
}

impl From<Full> for PageError {
    fn from(full: Full) -> Self {
        Self::TooMany(full.0)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmappable(range, virt, page) => write!(
                f,
                "entry {range} at {virt}: this kernel, with pages of {page} bytes, cannot map it"
            ),
            Self::Overlap(a, b) => write!(f, "entries {a} and {b} overlap"),
            Self::Apart(a, b, page) => write!(
                f,
                "this kernel, with pages of {page} bytes, cannot map entries {a} and {b}: they \
                 share a page of addresses, but not of memory"
            ),
            Self::Memory(a, b, page) => write!(
                f,
                "this kernel, with pages of {page} bytes, cannot map entries {a} and {b}: they \
                 share a page, and are different kinds of memory"
            ),
            Self::TooMany(limit) => write!(f, "more than {limit} mappings"),
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_page_mapping)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::entry, //
    };

    const PAGE: u64 = 64 << 10;

    /// Memory, address and number of the pages, [`None`] if they are refused and named.
    fn rounded(phys: u64, virt: u64, pages: u64) -> Result<Option<(u64, u64, u64)>, RangeError> {
        let entry = entry(phys, virt, pages)?;
        let refused = PageError::Unmappable(entry.phys, entry.virt, PAGE);
        Ok(match Mapping::of(&entry).rounded(PAGE) {
            Ok(m) => Some((
                m.phys.start().value(),
                m.virt.value(),
                m.phys.bytes() / PAGE,
            )),
            Err(error) if error == refused => None,
            Err(_) => Some((0, 0, 0)),
        })
    }

    #[test]
    fn rounds_outwards() -> Result<(), RangeError> {
        let whole = Some((0x2_0000, 0x7_0000, 2));
        assert_eq!(rounded(0x2_0000, 0x7_0000, 0x20)?, whole);
        assert_eq!(rounded(0x2_f000, 0x7_f000, 0x2)?, whole);
        assert_eq!(
            rounded(0x2_f000, 0x7_f000, 0x12)?,
            Some((0x2_0000, 0x7_0000, 3))
        );
        Ok(())
    }

    #[test]
    fn refuses_what_lies_differently_within_a_page() -> Result<(), RangeError> {
        assert_eq!(rounded(0x2_1000, 0x7_2000, 1)?, None);
        let small = Mapping::of(&entry(0x2_1000, 0x7_2000, 1)?);
        assert_eq!(small.rounded(PAGE_SIZE), Ok(small));
        Ok(())
    }

    #[test]
    fn refuses_what_ends_beyond_64_bits() -> Result<(), RangeError> {
        let last = u64::MAX - 0xffff;
        assert_eq!(rounded(0, last - PAGE, 0x10)?, Some((0, last - PAGE, 1)));
        assert_eq!(rounded(0, last, 1)?, None);
        assert_eq!(rounded(0, last - PAGE, 0x11)?, None);
        assert_eq!(rounded(last - PAGE, 0, 0x10)?, Some((last - PAGE, 0, 1)));
        assert_eq!(rounded(last, 0, 1)?, None);
        Ok(())
    }

    #[test]
    fn parts_are_within() -> Result<(), RangeError> {
        let whole = Mapping::of(&entry(0x2_0000, 0x7_0000, 4)?);
        let part = Mapping::of(&entry(0x2_1000, 0x7_1000, 2)?);
        assert_eq!(whole.part(0x1000, 0x3000), Some(part));
        assert_eq!(whole.part(0x1000, 0x1000), None);
        assert_eq!(whole.part(0x1000, 0x5000), None);
        Ok(())
    }
}
