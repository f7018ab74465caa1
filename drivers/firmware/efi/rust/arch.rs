// SPDX-License-Identifier: GPL-2.0

//! The contract of an architecture: what [`crate::this_arch`] defines, by subject.

use crate::{
    failure::Failure,
    ffi::{
        Booting,
        TakeOver, //
    },
    plan::{
        base::{
            addr::PhysAddr,
            kind::Kind, //
        },
        choice::fresh::SvamOnce,
        firmware::perm::Basis,
        map::region::Region, //
    },
};
use kernel::prelude::*;

/// The architecture's answers to questions of the decision.
pub(crate) trait Architecture {
    /// The map kind for firmware that nothing is known about.
    const DEFAULT_KIND: Kind;

    /// The kind to report for a 1:1 map that a kernel without handover table has left.
    const LEGACY_IDENTITY: Kind;

    /// The kernel proper calls SVAM: see [`CallsSvam`]. If not, the stub does.
    const CALLS_SVAM: bool;

    /// The words of firmware that count for permissions, as in stock.
    const BASIS: Basis;
}

/// The kernel's memory map of the firmware, which it goes by and hands to its successors.
pub(crate) trait KeepsMemoryMap {
    /// Makes the kernel's memory map, whose descriptors have `desc_size` bytes, one with the addresses
    /// of `regions`. Also adds to the page tables what calls need besides the regions.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EINVAL` if the map is not the one that `regions` were made from.
    fn install_memory_map(take_over: &TakeOver, desc_size: usize, regions: &[Region]) -> Result;

    /// Keeps the memory map that this kernel was started with, for successors. The handover table says
    /// by `used` that there was a kernel before this one.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no memory map, or no memory for it.
    fn pass_on_memory_map(booting: &Booting, used: bool) -> Result<(), Failure>;

    /// Takes back what the memory map tells successors of firmware that has failed, if that could make
    /// those call it that do not know the handover table.
    fn withdraw_addresses();
}

/// The steps around one firmware call.
pub(crate) trait CallsFirmware {
    /// Names of the state that firmware may not change, by number of the bit that blames it for that:
    /// `enum efi_rtmap_kept`.
    const KEPT: &'static [&'static str];

    /// The processor as firmware expects it. Dropping it puts everything back.
    type Installed;

    /// Prepares the processor for a firmware call, which is aborted if it takes more than so many
    /// `seconds`.
    ///
    /// # Safety
    ///
    /// The thread is inside firmware until the result is dropped, and does not sleep in between. The
    /// take-over has built the page tables.
    #[allow(unsafe_code)]
    unsafe fn install(seconds: u32) -> Self::Installed;
}

/// SVAM, where the kernel proper calls it.
#[cfg_attr(CONFIG_ARM64, allow(dead_code))]
pub(crate) trait CallsSvam: KeepsMemoryMap {
    /// SVAM can be called: all that it may touch is mapped, the kernel's memory map is what it takes,
    /// and boot services memory is intact.
    type Prepared<'a>;

    /// Maps `regions` for SVAM, and makes them the kernel's memory map. Without SVAM as well, as the
    /// kernel unmaps boot services memory in any case.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn prepare_svam<'a>(
        take_over: &'a TakeOver,
        desc_size: usize,
        regions: &[Region],
    ) -> Result<Self::Prepared<'a>>;

    /// Calls SVAM with the kernel's memory map, for the firmware whose system table is at `systab`.
    ///
    /// # Errors
    ///
    /// The EFI status, if it is not `EFI_SUCCESS`; after a fault, `EFI_ABORTED`.
    fn set_virtual_address_map(
        once: SvamOnce,
        prepared: &Self::Prepared<'_>,
        systab: PhysAddr,
    ) -> Result<(), u64>;

    /// Unmaps the addresses that a layout has given `regions`, but for their 1:1 aliases: SVAM has
    /// failed, and firmware is at those still.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the kernel cannot, `EOVERFLOW` for more than 16 TiB.
    fn cancel_svam(prepared: &Self::Prepared<'_>, regions: &[Region]) -> Result;

    /// Writes the memory map again, after the addresses of `regions` have changed.
    ///
    /// # Errors
    ///
    /// `EINVAL` if the map is not that of `regions`.
    fn rewrite_memory_map(
        prepared: &Self::Prepared<'_>,
        desc_size: usize,
        regions: &[Region],
    ) -> Result;

    /// Unmaps and frees boot services memory, and drops it from the kernel's memory map. A debug option
    /// keeps it: then it loses the execution that only SVAM needed.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn release_boot_services(prepared: Self::Prepared<'_>, regions: &[Region]) -> Result;
}
