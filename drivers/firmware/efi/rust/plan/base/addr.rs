// SPDX-License-Identifier: GPL-2.0

//! Addresses, page counts and ranges. Each is a type, so that the compiler tells them apart.

use core::fmt;

/// log2 of [`PAGE_SIZE`].
pub(crate) const PAGE_SHIFT: u32 = 12;

/// Bytes in an EFI page, for any page size of the kernel (UEFI 2.10, section 7.2).
pub(crate) const PAGE_SIZE: u64 = 1 << PAGE_SHIFT;

/// A physical address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct PhysAddr(u64);

/// An address at which firmware is called or finds its data, as in `VirtualStart` of a memory
/// descriptor. In a 1:1 map it equals the physical address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct VirtAddr(u64);

macro_rules! address {
    ($name:ident) => {
        impl $name {
            pub(crate) const fn new(value: u64) -> Self {
                Self(value)
            }

            pub(crate) const fn value(self) -> u64 {
                self.0
            }

            pub(crate) const fn is_page_aligned(self) -> bool {
                self.0 % PAGE_SIZE == 0
            }

            /// The distance from the start of the page.
            pub(crate) const fn page_offset(self) -> u64 {
                self.0 % PAGE_SIZE
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    };
}

address!(PhysAddr);
address!(VirtAddr);

impl PhysAddr {
    /// The address of the same value, as a 1:1 map has it.
    pub(crate) const fn identity(self) -> VirtAddr {
        VirtAddr(self.0)
    }
}

impl VirtAddr {
    /// The distance from `phys`, which is mapped here. It may wrap, even if neither address space
    /// does.
    pub(crate) const fn distance_from(self, phys: PhysAddr) -> u64 {
        self.0.wrapping_sub(phys.0)
    }
}

/// A number of EFI pages of 4 KiB.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Pages(u64);

impl Pages {
    pub(crate) const fn new(count: u64) -> Self {
        Self(count)
    }

    pub(crate) const fn count(self) -> u64 {
        self.0
    }

    /// The size in bytes, or [`None`] if 64 bits do not hold it.
    pub(crate) const fn bytes(self) -> Option<u64> {
        self.0.checked_mul(PAGE_SIZE)
    }
}

/// The reason why bytes describe no range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RangeError {
    Empty(PhysAddr),
    Misaligned(PhysAddr),
    Overflow(PhysAddr, Pages),
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(start) => write!(f, "range at {start} has no pages"),
            Self::Misaligned(start) => write!(f, "range at {start} does not start on a page"),
            Self::Overflow(start, pages) => {
                write!(f, "range at {start} of {} pages wraps around", pages.0)
            }
        }
    }
}

/// A range of physical pages.
///
/// # Invariants
///
/// `start` is page-aligned, `pages` is not zero, and `end`, the address after the last byte,
/// equals `start` plus the pages' bytes without overflow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PhysRange {
    start: u64,
    end: u64,
}

impl PhysRange {
    /// A range to fill buffers with.
    // INVARIANT: one page, at 0.
    pub(crate) const FIRST_PAGE: Self = Self {
        start: 0,
        end: PAGE_SIZE,
    };

    /// Makes a range of `pages` pages at `start`.
    ///
    /// # Errors
    ///
    /// A [`RangeError`] if the range is empty, not page-aligned, or does not end within 64 bits.
    pub(crate) fn new(start: PhysAddr, pages: Pages) -> Result<Self, RangeError> {
        if pages.0 == 0 {
            return Err(RangeError::Empty(start));
        }
        if !start.is_page_aligned() {
            return Err(RangeError::Misaligned(start));
        }
        let end = pages.bytes().and_then(|size| start.0.checked_add(size));
        match end {
            // INVARIANT: the checks above.
            Some(end) => Ok(Self {
                start: start.0,
                end,
            }),
            None => Err(RangeError::Overflow(start, pages)),
        }
    }

    pub(crate) fn start(&self) -> PhysAddr {
        PhysAddr(self.start)
    }

    /// The address after the last byte.
    pub(crate) fn end(&self) -> PhysAddr {
        PhysAddr(self.end)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.end - self.start
    }

    pub(crate) fn pages(&self) -> Pages {
        Pages(self.bytes() >> PAGE_SHIFT)
    }

    pub(crate) fn contains(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    pub(crate) fn contains_addr(&self, addr: PhysAddr) -> bool {
        self.start <= addr.0 && addr.0 < self.end
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Joins this range and `next`, if `next` begins where this one ends.
    pub(crate) fn joined(&self, next: &Self) -> Option<Self> {
        // INVARIANT: both parts are page-aligned, not empty, and end within 64 bits.
        (self.end == next.start).then_some(Self {
            start: self.start,
            end: next.end,
        })
    }

    /// The smallest range that holds this one and `other`.
    pub(crate) fn hull(&self, other: &Self) -> Self {
        // INVARIANT: both ends are those of a range, and the start is not behind either end.
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The part of this range from `from` to `to`, two page-aligned addresses in the range or at
    /// its ends. [`None`] if that part is empty.
    pub(crate) fn between(&self, from: PhysAddr, to: PhysAddr) -> Option<Self> {
        let inside = self.start <= from.0 && from.0 < to.0 && to.0 <= self.end;
        // INVARIANT: the range is not empty, as `from < to`, and within this one.
        (inside && from.is_page_aligned() && to.is_page_aligned()).then_some(Self {
            start: from.0,
            end: to.0,
        })
    }
}

impl fmt::Display for PhysRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:#x}-{:#x}]", self.start, self.end - 1)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_addr)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    fn range(start: u64, pages: u64) -> Result<PhysRange, RangeError> {
        PhysRange::new(PhysAddr(start), Pages(pages))
    }

    #[test]
    fn refuses_what_is_no_range() {
        assert_eq!(range(0x1000, 0), Err(RangeError::Empty(PhysAddr(0x1000))));
        assert_eq!(
            range(0x1800, 1),
            Err(RangeError::Misaligned(PhysAddr(0x1800)))
        );
        let top = u64::MAX - 0xfff;
        assert_eq!(
            range(top, 1),
            Err(RangeError::Overflow(PhysAddr(top), Pages(1)))
        );
        assert_eq!(
            range(0, 1 << 52),
            Err(RangeError::Overflow(PhysAddr(0), Pages(1 << 52)))
        );
    }

    #[test]
    fn takes_the_largest_range() {
        let largest = range(0, (1 << 52) - 1).map(|r| (r.end().value(), r.pages().count()));
        assert_eq!(largest, Ok((u64::MAX - 0xfff, (1 << 52) - 1)));
    }

    #[test]
    fn compares_ranges() -> Result<(), RangeError> {
        let (a, b, c) = (range(0, 2)?, range(0x1000, 2)?, range(0x2000, 1)?);
        assert!(a.overlaps(&b) && b.overlaps(&c) && !a.overlaps(&c));
        assert!(b.contains(&c) && !a.contains(&b));
        assert_eq!(a.joined(&c), Some(range(0, 3)?));
        assert_eq!(a.joined(&b), None);
        assert_eq!(
            (a.hull(&c), c.hull(&b), b.hull(&a)),
            (range(0, 3)?, b, range(0, 3)?)
        );
        assert_eq!(
            a.between(PhysAddr(0x1000), PhysAddr(0x2000)),
            Some(range(0x1000, 1)?)
        );
        assert_eq!(a.between(PhysAddr(0x1000), PhysAddr(0x1000)), None);
        assert_eq!(a.between(PhysAddr(0), PhysAddr(0x3000)), None);
        Ok(())
    }
}
