// SPDX-License-Identifier: GPL-2.0
//! A model of stock Linux 7.3: the ranges that it maps for firmware, with their addresses and
//! rights. It is written from the kernel's source. Each step names the function that it models. It
//! shares no code with the plan. The lab compares the model with stock kernels (`as-modelled` in a
//! scenario), and recordings hold the addresses that kernels gave.

mod arm64;
mod attributes;
mod x86;

use efi_rtmap_record::recording::{Descriptor, MemoryAttributes};

pub const PAGE: u64 = 4096;

/// `EFI_PAGES_MAX`.
const MOST_PAGES: u64 = u64::MAX / PAGE;
const BOOT_CODE: u32 = 3;
/// Types of memory: boot services code and data.
pub const BOOT_SERVICES: [u32; 2] = [BOOT_CODE, 4];
const CODE: u32 = 5;
const DATA: u32 = 6;
const DEVICE: u32 = 11;
/// `EFI_MEMORY_RUNTIME`.
pub const RUNTIME: u64 = 1 << 63;
const RO: u64 = 1 << 17;
const XP: u64 = 1 << 14;

/// The facts of firmware that decide what is mapped.
#[derive(Clone, Copy)]
pub struct Firmware<'a> {
    pub machine: Machine,
    pub map: &'a [Descriptor],
    pub descriptor_size: u32,
    pub attributes: Option<&'a MemoryAttributes>,
}

/// The kernel that runs on this firmware.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Machine {
    /// A 64-bit kernel on firmware of so many bits. With `efi=debug`, boot services memory stays mapped.
    X86 { bits: u32, debug: bool },
    /// A kernel with pages of so many bytes. `svam`: its stub has called SVAM.
    Arm64 { page: u64, svam: bool },
}

/// The rights of firmware to a range of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    pub write: bool,
    pub execute: bool,
}

/// A range of addresses that stock maps, in whole pages. If two have the same address, the later
/// counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapped {
    pub phys: u64,
    pub virt: u64,
    pub pages: u64,
    pub rights: Rights,
    /// Cached memory. Otherwise it is uncached on x86, and a device on arm64.
    pub cached: bool,
}

/// A range, and the address at which firmware uses it.
#[derive(Clone, Copy)]
pub struct Region {
    pub descriptor: Descriptor,
    pub virt: Option<u64>,
}

impl Firmware<'_> {
    /// Everything that is mapped while firmware is called.
    pub fn mapped(&self) -> Vec<Mapped> {
        match self.machine {
            Machine::X86 { debug, .. } => x86::mapped(self, debug),
            Machine::Arm64 { page, .. } => arm64::mapped(self, page),
        }
    }

    /// The address that the memory of `descriptor` gets, if any.
    pub fn address_of(&self, descriptor: &Descriptor) -> Option<u64> {
        let home = self.regions().into_iter().find(|region| {
            let start = region.descriptor.phys;
            let end = start + region.descriptor.pages * PAGE;
            region.descriptor.ty == descriptor.ty && (start..end).contains(&descriptor.phys)
        })?;
        Some(home.virt? + (descriptor.phys - home.descriptor.phys))
    }

    /// The ranges with an address in the kernel. On x86, boot services memory is included.
    pub fn regions(&self) -> Vec<Region> {
        match self.machine {
            Machine::X86 { bits, .. } => x86::regions(self.map, bits),
            Machine::Arm64 { svam, .. } => arm64::regions(self.map, svam),
        }
    }
}

impl Mapped {
    pub fn holds(&self, virt: u64) -> bool {
        virt.wrapping_sub(self.virt) < self.pages * PAGE
    }

    /// The part of this range that is in the `pages` from `virt` on.
    fn within(&self, virt: u64, pages: u64) -> Option<Self> {
        let start = self.virt.max(virt);
        let end = (self.virt + self.pages * PAGE).min(virt + pages * PAGE);
        (start < end).then(|| Self {
            phys: self.phys + (start - self.virt),
            virt: start,
            pages: (end - start) / PAGE,
            ..*self
        })
    }
}

/// The range that maps `virt`.
pub fn at(mapped: &[Mapped], virt: u64) -> Option<&Mapped> {
    mapped.iter().rev().find(|m| m.holds(virt))
}

/// `efi_memmap_entry_valid()`: x86 removes other entries from the map. arm64 does not call it, and
/// its handling of such entries is not modelled.
fn is_valid(d: &Descriptor) -> bool {
    d.pages != 0 && d.pages <= MOST_PAGES && d.phys / PAGE <= MOST_PAGES - d.pages
}
