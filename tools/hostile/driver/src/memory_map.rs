// SPDX-License-Identifier: GPL-2.0
//! Lies of the memory map: a hook of GetMemoryMap(), which every loader calls.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use efi_rtmap_false_tables::memory_map::{falsify, is_lie, MOST_MORE};
use uefi_raw::table::boot::{BootServices, MemoryDescriptor};
use uefi_raw::Status;

use crate::schedule::{all, announce_once};
use crate::{image, services};

type GetMemoryMap = unsafe extern "efiapi" fn(
    *mut usize,
    *mut MemoryDescriptor,
    *mut usize,
    *mut usize,
    *mut u32,
) -> Status;

static ORIGINAL: AtomicUsize = AtomicUsize::new(0);

/// Hooks the service if there is a lie for it.
///
/// # Safety
///
/// Boot services are there.
pub unsafe fn hook(boot: &mut BootServices) {
    if !all().any(|fault| is_lie(fault.what)) {
        return;
    }
    ORIGINAL.store(boot.get_memory_map as usize, Relaxed);
    boot.get_memory_map = get_memory_map;
    // SAFETY: the caller's.
    unsafe { services::seal(&raw mut boot.header) };
}

/// Asks for more room than firmware needs, because lies add descriptors. The key stays true.
unsafe extern "efiapi" fn get_memory_map(
    size: *mut usize,
    map: *mut MemoryDescriptor,
    key: *mut usize,
    descriptor_size: *mut usize,
    version: *mut u32,
) -> Status {
    // SAFETY: hook() got it from where it has this type.
    let original: GetMemoryMap = unsafe { core::mem::transmute(ORIGINAL.load(Relaxed)) };
    // SAFETY: the caller's arguments: if firmware finds them good, so may we.
    unsafe {
        let room = if size.is_null() { 0 } else { *size };
        let status = original(size, map, key, descriptor_size, version);
        if status != Status::SUCCESS && status != Status::BUFFER_TOO_SMALL {
            return status;
        }
        let needed = *size + all().count() * MOST_MORE * *descriptor_size;
        if status == Status::BUFFER_TOO_SMALL || needed > room {
            *size = needed;
            return Status::BUFFER_TOO_SMALL;
        }
        let buffer = core::slice::from_raw_parts_mut(map.cast::<u8>(), room);
        let image = image::range();
        for fault in all().filter(|fault| is_lie(fault.what)) {
            announce_once(fault);
            *size = falsify(buffer, *size, *descriptor_size, &image, fault.what);
        }
        Status::SUCCESS
    }
}
