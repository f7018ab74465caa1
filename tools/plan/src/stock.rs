// SPDX-License-Identifier: GPL-2.0

//! A model of stock Linux 7.3: what it maps for firmware, where, and with which rights. It is written
//! from the kernel's source, each step with the function that it stands for, and shares no code with
//! the plan. Recordings hold the addresses that kernels gave, so they check the model.
//!
//! Descriptors are taken to start on a page; where stock goes wrong on others is not modelled.

extern crate std;

mod arm64;
mod attributes;
mod x86;

use crate::plan::page::Mapping;
use efi_rtmap_record::recording::{
    Descriptor,
    MemoryAttributes, //
};
use std::vec::Vec;

pub(crate) const PAGE: u64 = 4096;

/// `EFI_PAGES_MAX`.
const MOST_PAGES: u64 = u64::MAX / PAGE;
const CODE: u32 = 5;
const DATA: u32 = 6;
const DEVICE: u32 = 11;
const RUNTIME: u64 = 1 << 63;
const RO: u64 = 1 << 17;
const XP: u64 = 1 << 14;

/// Firmware, as far as it decides what is mapped.
#[derive(Clone, Copy)]
pub(crate) struct Firmware<'a> {
    pub(crate) machine: Machine,
    pub(crate) map: &'a [Descriptor],
    pub(crate) descriptor_size: u32,
    pub(crate) attributes: Option<&'a MemoryAttributes>,
}

/// What runs on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Machine {
    /// A 64-bit kernel on firmware of so many bits.
    X86 { bits: u32 },
    /// A kernel with pages of so many bytes, whose stub has or has not called SVAM.
    Arm64 { page: u64, svam: bool },
}

/// What firmware may do with a range of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rights {
    pub(crate) write: bool,
    pub(crate) execute: bool,
}

/// A range of addresses that stock maps. Of two for one address, the later counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mapped {
    pub(crate) phys: u64,
    pub(crate) virt: u64,
    pub(crate) pages: u64,
    pub(crate) rights: Rights,
    /// Or else uncached on x86, a device on arm64.
    pub(crate) cached: bool,
}

/// A range that firmware is called with an address for.
#[derive(Clone, Copy)]
struct Region {
    descriptor: Descriptor,
    virt: Option<u64>,
}

impl Firmware<'_> {
    /// Everything that is mapped while firmware is called.
    pub(crate) fn mapped(&self) -> Vec<Mapped> {
        match self.machine {
            Machine::X86 { .. } => x86::mapped(self),
            Machine::Arm64 { page, .. } => arm64::mapped(self, page),
        }
    }

    /// The address that the memory of `descriptor` is given, if it is given one.
    pub(crate) fn address_of(&self, descriptor: &Descriptor) -> Option<u64> {
        let home = self.regions().into_iter().find(|region| {
            let start = region.descriptor.phys;
            let end = start + region.descriptor.pages * PAGE;
            region.descriptor.ty == descriptor.ty && (start..end).contains(&descriptor.phys)
        })?;
        Some(home.virt? + (descriptor.phys - home.descriptor.phys))
    }

    fn regions(&self) -> Vec<Region> {
        match self.machine {
            Machine::X86 { bits } => x86::regions(self.map, bits),
            Machine::Arm64 { svam, .. } => arm64::regions(self.map, svam),
        }
    }
}

/// `efi_memmap_entry_valid()`: x86 removes others from the map. What becomes of them on arm64, which
/// does not ask, is not modelled.
fn is_valid(d: &Descriptor) -> bool {
    d.pages != 0 && d.pages <= MOST_PAGES && d.phys / PAGE <= MOST_PAGES - d.pages
}

/// The range that `virt` is mapped by.
fn at(mapped: &[Mapped], virt: u64) -> Option<&Mapped> {
    let holds = |m: &&Mapped| virt.wrapping_sub(m.virt) < m.pages * PAGE;
    mapped.iter().rev().find(holds)
}

/// Asserts that `ours` has all of `theirs`, which stock maps on `machine`, and where both go by the same
/// words of firmware (`strict`) with the same rights.
///
/// Pages larger than 4 KiB that regions share have more rights than each asks for. Which, stock decides
/// by the order of the regions; then ours must not be writable and executable where stock's are not.
pub(crate) fn assert_not_less(ours: &[Mapping], theirs: &[Mapped], machine: Machine, strict: bool) {
    for virt in edges(ours, theirs) {
        let Some(their) = at(theirs, virt) else {
            continue;
        };
        let (phys, rights) = (their.phys + (virt - their.virt), their.rights);
        let home = ours
            .iter()
            .find(|m| virt.wrapping_sub(m.virt.value()) < m.phys.bytes());
        let home = home.unwrap_or_else(|| panic!("{virt:#x}, memory {phys:#x}, is not mapped"));
        assert_eq!(home.phys.start().value() + (virt - home.virt.value()), phys);
        let given = Rights {
            write: home.permission.writes(),
            execute: home.permission.executes(),
        };
        let (page, cached) = match machine {
            Machine::X86 { .. } => (PAGE, home.attributes.is_cached()),
            Machine::Arm64 { page, .. } => (page, home.ty.0 != DEVICE),
        };
        assert_eq!(cached, their.cached, "{virt:#x}");
        if page == PAGE && strict {
            assert_eq!(given, rights, "{virt:#x}");
        } else if strict && !home.shared {
            let wx = |rights: Rights| rights.write && rights.execute;
            assert!(wx(rights) || !wx(given), "{virt:#x}: {given:?} {rights:?}");
        }
    }
}

/// The first and the last page of every range: what holds there holds in between.
fn edges(ours: &[Mapping], theirs: &[Mapped]) -> Vec<u64> {
    let ours = ours.iter().map(|m| (m.virt.value(), m.phys.bytes()));
    let theirs = theirs.iter().map(|m| (m.virt, m.pages * PAGE));
    let ranges = ours.chain(theirs);
    let mut edges: Vec<_> = ranges
        .flat_map(|(start, bytes)| {
            let end = start.wrapping_add(bytes);
            [start.wrapping_sub(PAGE), start, end.wrapping_sub(PAGE), end]
        })
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}
