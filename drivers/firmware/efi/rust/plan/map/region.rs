// SPDX-License-Identifier: GPL-2.0

//! Runtime regions: the parts of the memory map that must be mapped during firmware calls.

use crate::plan::{
    base::{
        addr::{
            PhysRange,
            VirtAddr, //
        },
        list::Full,
        ranges::InMemory, //
    },
    firmware::{
        memmap::Descriptor,
        memtype::{
            Attributes,
            MemoryType, //
        },
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
    /// A value to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        ty: MemoryType(0),
        attributes: Attributes::RUNTIME,
        phys: PhysRange::FIRST_PAGE,
        virt: VirtAddr::new(0),
    };

    /// The region that `descriptor` describes, with the memory `phys`. A runtime region without the
    /// attribute gets the attribute: SVAM and all successors rely on it.
    pub(super) fn of(descriptor: &Descriptor, phys: PhysRange) -> Self {
        let attributes = if descriptor.is_runtime() {
            descriptor.attributes.with(Attributes::RUNTIME)
        } else {
            descriptor.attributes
        };
        Self {
            ty: descriptor.ty,
            attributes,
            phys,
            virt: descriptor.range_virt(),
        }
    }

    /// Tells if the region is needed only until SVAM has returned. Firmware must not touch boot
    /// services memory at run time, but much firmware does so within SVAM.
    pub(crate) fn is_temporary(&self) -> bool {
        !self.attributes.has(Attributes::RUNTIME)
    }

    /// The distance of `address` from the start of the region, by the address that the plan gives
    /// to the region. [`None`] if `address` is outside.
    pub(crate) fn offset_of(&self, address: VirtAddr) -> Option<u64> {
        let offset = address.value().checked_sub(self.virt.value())?;
        (offset < self.phys.bytes()).then_some(offset)
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

    fn same_kind(&self, other: &Self) -> bool {
        self.ty == other.ty && self.attributes == other.attributes
    }

    /// Tells if `other`, which follows in the memory map, adds nothing to this region. Boot
    /// services memory does not replace a runtime region.
    pub(super) fn repeated_by(&self, other: &Self) -> bool {
        let all = other.is_temporary() && self.phys == other.phys;
        all || self.same_kind(other) && self.phys.contains(&other.phys)
    }

    /// Merges this region and `next` if they touch and are of one kind.
    pub(super) fn merged(&self, next: &Self) -> Option<Self> {
        let phys = self
            .phys
            .joined(&next.phys)
            .filter(|_| self.same_kind(next))?;
        Some(Self { phys, ..*self })
    }

    /// Unites this region and `next`, which overlap. The result is code if one of them is code, or
    /// else a device if one is, or else data. It has the attributes that both have: it is cached,
    /// or protected, only if both are. [`None`] if they are to be mapped at two places.
    pub(super) fn united(&self, next: &Self) -> Option<Self> {
        let distance = |r: &Self| r.virt.distance_from(r.phys.start());
        let unset = self.virt.value() == 0 || next.virt.value() == 0;
        let together = unset || distance(self) == distance(next);
        let (lower, upper) = if self.phys.start() <= next.phys.start() {
            (self, next)
        } else {
            (next, self)
        };
        let first = [
            MemoryType::RUNTIME_SERVICES_CODE,
            MemoryType::MAPPED_IO,
            MemoryType::RUNTIME_SERVICES_DATA,
        ];
        let ty = first.into_iter().find(|&ty| ty == self.ty || ty == next.ty);
        together.then_some(Self {
            ty: ty.unwrap_or(self.ty),
            attributes: self.attributes.common(next.attributes),
            phys: lower.phys.hull(&upper.phys),
            virt: lower.virt,
        })
    }
}

impl InMemory for Region {
    fn phys(&self) -> PhysRange {
        self.phys
    }
}

/// The reason why a memory map gives no set of runtime regions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RegionError {
    None,
    /// Two ranges have been given different places.
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
            Self::Overlap(a, b) => {
                write!(
                    f,
                    "runtime regions {a} and {b} overlap, and have addresses apart from each other"
                )
            }
            Self::TooMany(limit) => write!(f, "more than {limit} runtime regions"),
        }
    }
}
