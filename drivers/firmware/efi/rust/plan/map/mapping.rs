// SPDX-License-Identifier: GPL-2.0

//! A run of pages that maps an entry.

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

/// A run of this kernel's pages with the same protection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mapping {
    pub(crate) phys: PhysRange,
    pub(crate) virt: VirtAddr,
    pub(crate) permission: Permission,
    pub(crate) ty: MemoryType,
    pub(crate) attributes: Attributes,
    /// This is one page that entries with different permissions share. `permission` has more rights
    /// than at least one of the entries asks for.
    pub(crate) shared: bool,
}

impl Mapping {
    /// A value to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        phys: PhysRange::FIRST_PAGE,
        virt: VirtAddr::new(0),
        permission: Permission::Read,
        ty: MemoryType(0),
        attributes: Attributes::RUNTIME,
        shared: false,
    };

    /// The mapping of exactly `entry`, before it is rounded to pages.
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

    /// The address after the last byte. A mapping that [`Self::rounded`] has accepted ends within
    /// 64 bits.
    pub(crate) fn end(&self) -> VirtAddr {
        VirtAddr::new(self.virt.value().saturating_add(self.phys.bytes()))
    }

    /// See [`VirtAddr::distance_from`].
    pub(super) fn distance(&self) -> u64 {
        self.virt.distance_from(self.phys.start())
    }

    /// Tells if one page can hold parts of both: a device and memory cannot share a page.
    /// Cacheability does not matter: only arm64 has pages that parts can share, and it uses only
    /// the type.
    pub(super) fn same_memory(&self, other: &Self) -> bool {
        let device = |mapping: &Self| mapping.ty == MemoryType::MAPPED_IO;
        device(self) == device(other)
    }

    /// Rounds the mapping outwards to whole pages of `page` bytes, in both address spaces.
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

    /// The part from byte `from` to byte `to`, or [`None`] if it is empty.
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

/// The reason why this kernel cannot map entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PageError {
    /// Memory and address have different offsets within a page, or a page ends beyond 64 bits.
    Unmappable(PhysRange, VirtAddr, u64),
    Overlap(PhysRange, PhysRange),
    /// Two entries share a page of addresses, but not a page of memory.
    Apart(PhysRange, PhysRange, u64),
    /// Two entries share a page, and are different kinds of memory.
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

    /// Memory, address and number of the pages. [`None`] if the entry is refused and named.
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
