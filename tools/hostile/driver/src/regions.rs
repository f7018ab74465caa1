// SPDX-License-Identifier: GPL-2.0
//! Runtime memory in many pieces.

use core::ptr::null_mut;

use efi_rtmap_orders::What;
use uefi_raw::table::boot::{AllocateType, BootServices, MemoryDescriptor, MemoryType};
use uefi_raw::Status;

use crate::arch::GRANULE;
use crate::boot_services::checked;
use crate::schedule::{announce_once, ordered};

const PAGE: u64 = 4096;
/// A region and what keeps it apart from the next.
const PERIOD: u64 = 2 * GRANULE as u64 * PAGE;
/// Firmware allocates page tables meanwhile, and may take places from us.
const SPARE: u64 = 64;
/// For what the map grows by while it is read.
const SLACK: usize = 4096;

/// Allocates as many regions as are ordered. Between them lies what is no memory to a kernel either,
/// or its own map of memory would become as long.
///
/// # Safety
///
/// Boot services are there.
pub unsafe fn allocate(boot: &BootServices) -> Result<(), Status> {
    let Some(fault) = ordered(What::ManyRegions) else {
        return Ok(());
    };
    announce_once(fault);
    let bytes = (u64::from(fault.count) + SPARE) * PERIOD;
    let mut left = fault.count;
    // SAFETY: the caller's.
    unsafe {
        let start = highest_free(boot, bytes)?;
        for region in (start..start + bytes).step_by(PERIOD as usize) {
            if left == 0 {
                break;
            }
            if take(boot, MemoryType::RUNTIME_SERVICES_DATA, region).is_ok() {
                left -= 1;
            }
            // Where that fails, something else lies between them.
            let _ = take(boot, MemoryType::RESERVED, region + PERIOD / 2);
        }
    }
    match left {
        0 => Ok(()),
        _ => Err(Status::OUT_OF_RESOURCES),
    }
}

/// # Safety
///
/// Boot services are there.
unsafe fn take(boot: &BootServices, kind: MemoryType, start: u64) -> Result<(), Status> {
    let mut address = start;
    let at = AllocateType::ADDRESS;
    // SAFETY: the caller's.
    checked(unsafe { (boot.allocate_pages)(at, kind, GRANULE, &mut address) })
}

/// Where the last `bytes` of free memory begin that lie together.
///
/// # Safety
///
/// Boot services are there.
unsafe fn highest_free(boot: &BootServices, bytes: u64) -> Result<u64, Status> {
    let (mut size, mut key, mut step, mut version) = (0, 0, 0, 0);
    let mut map = null_mut();
    // SAFETY: the caller's; the map is as long and has the steps that firmware says.
    unsafe {
        match (boot.get_memory_map)(&mut size, null_mut(), &mut key, &mut step, &mut version) {
            Status::BUFFER_TOO_SMALL => size += SLACK,
            other => return Err(other),
        }
        let kind = MemoryType::BOOT_SERVICES_DATA;
        checked((boot.allocate_pool)(kind, size, &mut map))?;
        let read = (boot.get_memory_map)(&mut size, map.cast(), &mut key, &mut step, &mut version);
        checked(read)?;
        let ends = (0..size / step).filter_map(|index| {
            let descriptor = map.add(index * step).cast::<MemoryDescriptor>().read();
            let large = descriptor.page_count * PAGE >= bytes + PERIOD;
            (descriptor.ty == MemoryType::CONVENTIONAL && large)
                .then(|| descriptor.phys_start + descriptor.page_count * PAGE)
        });
        let highest = ends.max().ok_or(Status::OUT_OF_RESOURCES);
        checked((boot.free_pool)(map))?;
        Ok((highest? - bytes) / PERIOD * PERIOD)
    }
}
