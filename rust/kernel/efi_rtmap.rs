// SPDX-License-Identifier: GPL-2.0

//! The EFI runtime map, for other users in the kernel.
//!
//! C header: [`include/linux/efi-rtmap-rust.h`](srctree/include/linux/efi-rtmap-rust.h)

use crate::{
    bindings,
    prelude::*, //
};

/// The kind of the addresses at which firmware is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Physical addresses. SetVirtualAddressMap was not called.
    Phys,
    /// Physical addresses. SetVirtualAddressMap was called with a 1:1 map.
    Ident,
    /// The addresses that SetVirtualAddressMap was called with.
    Fixed,
    /// Another kind, which this abstraction does not know.
    Unknown,
}

/// The origin of the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// This kernel made the map.
    Fresh,
    /// An earlier kernel made the map, and handed it over in a table.
    Handover,
    /// An earlier kernel made the map, and left traces.
    Legacy,
    /// Another origin, which this abstraction does not know.
    Unknown,
}

/// The runtime map of this kernel.
///
/// # Invariants
///
/// There is a map: [`Self::current`] has found it. It does not change while the kernel runs.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeMap {
    kind: Kind,
    origin: Origin,
    generation: u32,
}

/// A range of memory that firmware uses at run time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// The physical address.
    pub phys: u64,
    /// The address that firmware uses for it.
    pub virt: u64,
    /// The number of 4 KiB pages.
    pub pages: u64,
    /// `EFI_MEMORY_TYPE`.
    pub ty: u32,
}

/// A date and time, as firmware keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Time {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second.
    pub second: u8,
}

impl RuntimeMap {
    /// The map, or [`None`] if this kernel has no runtime services or leaves them to C.
    pub fn current() -> Option<Self> {
        let mut info = bindings::efi_rtmap_info::default();
        // SAFETY: `info` is valid for writes.
        if !unsafe { bindings::efi_rtmap_get_info(&mut info) } {
            return None;
        }
        // INVARIANT: the call above has found a map.
        Some(Self {
            kind: match info.kind {
                bindings::efi_rtmap_kind_EFI_RTMAP_KIND_PHYS => Kind::Phys,
                bindings::efi_rtmap_kind_EFI_RTMAP_KIND_IDENT => Kind::Ident,
                bindings::efi_rtmap_kind_EFI_RTMAP_KIND_FIXED => Kind::Fixed,
                _ => Kind::Unknown,
            },
            origin: match info.origin {
                bindings::efi_rtmap_origin_EFI_RTMAP_ORIGIN_FRESH => Origin::Fresh,
                bindings::efi_rtmap_origin_EFI_RTMAP_ORIGIN_HANDOVER => Origin::Handover,
                bindings::efi_rtmap_origin_EFI_RTMAP_ORIGIN_LEGACY => Origin::Legacy,
                _ => Origin::Unknown,
            },
            generation: info.generation,
        })
    }

    /// The kind of the addresses at which firmware is called.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The origin of the map.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// 0 if firmware started this kernel, one more for each kexec.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The runtime regions, from low to high in the firmware's order.
    pub fn regions(&self) -> impl Iterator<Item = Region> {
        (0..).map_while(|index| {
            let mut region = bindings::efi_rtmap_region::default();
            // SAFETY: `region` is valid for writes.
            let found = unsafe { bindings::efi_rtmap_get_region(index, &mut region) };
            found.then_some(Region {
                phys: region.phys,
                virt: region.virt,
                pages: region.pages,
                ty: region.type_,
            })
        })
    }

    /// Asks firmware for the time. Sleeps.
    ///
    /// # Errors
    ///
    /// `EIO` if firmware does not give the time.
    pub fn time(&self) -> Result<Time> {
        let mut time = bindings::efi_time_t::default();
        // SAFETY: `time` is valid for writes. The call takes the locks it needs.
        if !unsafe { bindings::efi_rtmap_get_time(&mut time) } {
            return Err(EIO);
        }
        Ok(Time {
            year: time.year,
            month: time.month,
            day: time.day,
            hour: time.hour,
            minute: time.minute,
            second: time.second,
        })
    }
}
