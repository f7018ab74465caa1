// SPDX-License-Identifier: GPL-2.0

//! The contract of an architecture: [`crate::this_arch`] fulfils it, one trait for each subject.

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

/// The answers of an architecture that the decision needs.
pub(crate) trait Architecture {
    /// The map kind for firmware without special facts.
    const DEFAULT_KIND: Kind;

    /// The privileges that firmware is given one by one in user mode.
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    type Grant: crate::plan::user::grant::Grant + core::fmt::Display;

    /// The kind to report for a 1:1 map that a kernel without handover table has left.
    const LEGACY_IDENTITY: Kind;

    /// `true` if the kernel proper calls SVAM: see [`CallsSvam`]. Otherwise the stub does.
    const CALLS_SVAM: bool;

    /// The facts of firmware that count for permissions, as in stock.
    const BASIS: Basis;
}

/// The kernel's memory map of the firmware. The kernel uses it, and passes it on to successors.
pub(crate) trait KeepsMemoryMap {
    /// Makes a memory map with the addresses of `regions` the kernel's. Its descriptors have
    /// `desc_size` bytes. Also adds the rest that calls need to the page tables.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and `EINVAL` if the map is not the one that `regions` were made from.
    fn install_memory_map(take_over: &TakeOver, desc_size: usize, regions: &[Region]) -> Result;

    /// Keeps the memory map that this kernel was started with, for successors. `used` is the field
    /// of the handover table that shows a kernel before this one.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no memory map, or no memory for it.
    fn pass_on_memory_map(booting: &Booting, used: bool) -> Result<(), Failure>;

    /// Withdraws the addresses that the memory map gives to successors, because firmware has
    /// failed. Does so only if the addresses could make a successor that does not know the handover
    /// table call firmware.
    fn withdraw_addresses();
}

/// The steps around one firmware call.
pub(crate) trait CallsFirmware {
    /// Names of the state that firmware has to preserve. The index is the bit that reports a
    /// change: `enum efi_rtmap_kept`.
    const KEPT: &'static [&'static str];

    /// The processor in the state that firmware expects. A drop restores its former state.
    type Installed;

    /// Prepares the processor for a firmware call. The call is aborted if it takes more than
    /// `limit` milliseconds.
    ///
    /// # Safety
    ///
    /// The thread is inside firmware until the result is dropped, and does not sleep in between.
    /// The take-over has built the page tables.
    #[allow(unsafe_code)]
    unsafe fn install(limit: u32) -> Self::Installed;
}

/// SVAM, where the kernel proper calls it.
#[cfg_attr(CONFIG_ARM64, allow(dead_code))]
pub(crate) trait CallsSvam: KeepsMemoryMap {
    /// SVAM can be called: all memory that it may touch is mapped, the kernel's memory map is its
    /// argument, and boot services memory is intact.
    type Prepared<'a>;

    /// Maps `regions` for SVAM, and makes them the kernel's memory map. Call this without SVAM too:
    /// the kernel unmaps boot services memory in any case.
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

    /// Unmaps the addresses that a layout has given to `regions`, except their 1:1 aliases. SVAM
    /// has failed, so firmware is still at the aliases.
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

    /// Unmaps and frees boot services memory, and drops it from the kernel's memory map. If a debug
    /// option keeps this memory, takes away the right to execute it, which only SVAM needed.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn release_boot_services(prepared: Self::Prepared<'_>, regions: &[Region]) -> Result;
}
