// SPDX-License-Identifier: GPL-2.0

//! The kernel's C functions and variables that are the same on every architecture, made safe.

#![allow(unsafe_code)]

mod contract;
mod mapped;
mod memory;
#[cfg(all(CONFIG_EFI_RTMAP_USER, CONFIG_ARM64))]
pub(crate) mod monitor;
mod places;
#[cfg(all(CONFIG_EFI_RTMAP_USER, CONFIG_X86_64))]
pub(crate) mod ports;
mod protection;
mod proven;
mod take_over;
pub(crate) mod trace;
#[cfg(CONFIG_EFI_RTMAP_USER)]
pub(crate) mod user;
mod watched;

pub(crate) use self::{
    mapped::Mapped,
    memory::FirmwareMemory,
    places::{
        alloc_table,
        drop_table,
        installed_table,
        life_table,
        retrieve_table, //
    },
    protection::Protection,
    proven::Proven,
    take_over::{
        alloc_tables,
        boot_facts,
        disable_services,
        enable_services,
        map,
        pointers,
        rewrite_memory_map,
        set_supported,
        BootFacts,
        Booting,
        TakeOver, //
    },
    watched::{
        current_service,
        tear_call,
        Watched, //
    },
};

use crate::plan::{
    base::addr::{
        PhysAddr,
        VirtAddr, //
    },
    map::layout::AddressSpace,
};
use core::mem::offset_of;
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

pub(crate) use bindings::{
    efi_rtmap_info as Info,
    efi_rtmap_region as RegionInfo,
    guid_t as Guid, //
};

/// The start of a complaint about firmware, as in the kernel's macro of this name.
pub(crate) const FW_BUG: &str = "[Firmware Bug]: ";

/// The origin of a map: `enum efi_rtmap_origin`.
pub(crate) mod origin {
    pub(crate) use kernel::bindings::{
        efi_rtmap_origin_EFI_RTMAP_ORIGIN_FRESH as FRESH,
        efi_rtmap_origin_EFI_RTMAP_ORIGIN_HANDOVER as HANDOVER,
        efi_rtmap_origin_EFI_RTMAP_ORIGIN_LEGACY as LEGACY, //
    };
}

/// Offsets of the fields of the EFI system table that are read (UEFI 2.10, section 4.3).
pub(crate) struct SystemTable {
    pub(crate) size: usize,
    pub(crate) revision: usize,
    pub(crate) runtime: usize,
}

macro_rules! system_table {
    ($type:ident) => {
        SystemTable {
            size: size_of::<bindings::$type>(),
            revision: offset_of!(bindings::$type, fw_revision),
            runtime: offset_of!(bindings::$type, runtime),
        }
    };
}

impl SystemTable {
    pub(crate) const BITS_32: Self = system_table!(efi_system_table_32_t);
    pub(crate) const BITS_64: Self = system_table!(efi_system_table_64_t);
}

/// CRC-32 as Ethernet and zlib compute it.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    // SAFETY: `bytes` is valid for reads of its length.
    !unsafe { bindings::crc32_le(!0, bytes.as_ptr().cast(), bytes.len()) }
}

/// The address space during firmware calls.
pub(crate) fn address_space() -> AddressSpace {
    let mut space = bindings::efi_rtmap_space::default();
    // SAFETY: `space` is valid for writes.
    unsafe { bindings::efi_rtmap_address_space(&mut space) };
    AddressSpace {
        fixed_bottom: VirtAddr::new(space.fixed_bottom),
        fixed_top: VirtAddr::new(space.fixed_top),
        layout_top: VirtAddr::new(space.layout_top),
        large_page: space.large_page,
        granule: space.granule,
        page: PAGE_SIZE as u64,
        identity_end: PhysAddr::new(space.identity_end),
    }
}

/// Orders the stores before it and the stores after it.
pub(crate) fn write_barrier() {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_write_barrier() };
}

/// Tells if the kernel may call the runtime services. A fault inside firmware ends this.
pub(crate) fn services_enabled() -> bool {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_services_enabled() }
}

/// Keeps the kernel from calling the runtime services.
#[cfg(CONFIG_EFI_RTMAP_USER)]
pub(crate) fn turn_services_off() {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_turn_services_off() };
}

/// Protects the processor's state from firmware from now on, recovers from its faults, and limits
/// the time of its calls.
///
/// # Errors
///
/// `ENOMEM`: calls have no time limit.
pub(crate) fn guard_calls() -> Result {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_guard_calls() };
    watched::init()
}

/// Restores the state that firmware has changed in the last call. Returns one bit for each change,
/// as in [`CallsFirmware::KEPT`](crate::arch::CallsFirmware::KEPT).
pub(crate) fn restore_processor() -> u32 {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_restore_processor() }
}

/// Ends the wait for the call in progress with an error.
pub(crate) fn give_up_call() {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_give_up_call() };
}

/// Copies the bytes at `address` in the map for firmware calls.
///
/// # Safety
///
/// That map is installed, and holds all these bytes.
pub(crate) unsafe fn read_mapped(address: VirtAddr, bytes: &mut [u8]) {
    let (target, count) = (bytes.as_mut_ptr(), bytes.len());
    // SAFETY: By this function's contract, and `target` is valid for writes of `count` bytes.
    unsafe { bindings::efi_rtmap_read_mapped(address.value() as usize, target, count) };
}

/// Marks the kernel as one that has worked around a fault of firmware.
pub(crate) fn taint_for_firmware() {
    // SAFETY: There are no requirements.
    unsafe {
        bindings::add_taint(
            bindings::TAINT_FIRMWARE_WORKAROUND,
            bindings::lockdep_ok_LOCKDEP_STILL_OK,
        )
    };
}
