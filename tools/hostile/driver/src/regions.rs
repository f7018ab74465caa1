// SPDX-License-Identifier: GPL-2.0
//! Memory that firmware keeps: in many pieces, at one place, or nearly all.

use core::ops::Range;
use core::ptr::null_mut;

use efi_rtmap_orders::{Fault, What, VARIABLE_PREFIX};
use uefi_raw::table::boot::{AllocateType, BootServices, MemoryDescriptor, MemoryType};
use uefi_raw::table::runtime::RuntimeServices;
use uefi_raw::Status;

use crate::arch::GRANULE;
use crate::boot_services::checked;
use crate::lies::VENDOR;
use crate::schedule::{announce_once, ordered};

const PAGE: u64 = 4096;
const MEBIBYTE: u64 = 1 << 20;
/// The size of a region and of the gap before the next one.
const PERIOD: u64 = 2 * GRANULE as u64 * PAGE;
/// Spare places: firmware allocates page tables meanwhile, and may take some.
const SPARE: u64 = 64;
/// Room for the growth of the map while it is read.
const SLACK: usize = 4096;
/// The size of the memory at the ordered place.
const AT_ONE_PLACE: u64 = 64 * MEBIBYTE;

/// Allocates the ordered memory.
///
/// # Safety
///
/// Boot services are there.
pub unsafe fn allocate(boot: &BootServices, runtime: &RuntimeServices) -> Result<(), Status> {
    let take = |what, take: fn(&BootServices, &Fault) -> Result<(), Status>| match ordered(what) {
        None => Ok(()),
        Some(fault) => {
            announce_once(fault);
            take(boot, fault)
        }
    };
    // SAFETY: the caller's, for all of these.
    let many = |boot: &_, fault: &Fault| unsafe {
        // The gaps are no memory to a kernel either. Otherwise its own map of memory would become
        // as long.
        let kind = MemoryType::RUNTIME_SERVICES_DATA;
        scatter(boot, fault.count, kind, Some(MemoryType::RESERVED))
    };
    take(What::ManyRegions, many)?;
    // SAFETY: variables can be read while boot services are there.
    if ordered(What::ManyRegionsLater).is_some() && unsafe { a_guest_has_run(runtime) } {
        take(What::ManyRegionsLater, many)?;
    }
    take(What::ScatteredBootServices, |boot, fault| unsafe {
        scatter(boot, fault.count, MemoryType::BOOT_SERVICES_DATA, None)
    })?;
    take(What::BootServicesAt, |boot, fault| unsafe {
        let start = u64::from(fault.count) * MEBIBYTE;
        take_for_boot(boot, start..start + AT_ONE_PLACE)
    })?;
    take(What::BootServicesEverywhere, |boot, fault| unsafe {
        let largest = find_free(boot, |free| Some(free.end - free.start))?;
        let end = largest.end - u64::from(fault.count) * MEBIBYTE;
        take_for_boot(boot, largest.start..end)
    })
}

/// Looks for the variable that the first guest on this machine writes.
///
/// # Safety
///
/// The service can be called.
unsafe fn a_guest_has_run(runtime: &RuntimeServices) -> bool {
    let mut name = [0; 32];
    let text = VARIABLE_PREFIX.bytes().chain(*b"00");
    for (unit, byte) in name.iter_mut().zip(text) {
        *unit = byte.into();
    }
    let mut size = 0;
    // SAFETY: the caller's; the name is shorter than its array, whose last word is zero.
    let status = unsafe {
        (runtime.get_variable)(name.as_ptr(), &VENDOR, null_mut(), &mut size, null_mut())
    };
    status == Status::BUFFER_TOO_SMALL
}

/// # Safety
///
/// Boot services are there.
unsafe fn scatter(
    boot: &BootServices,
    count: u16,
    kind: MemoryType,
    between: Option<MemoryType>,
) -> Result<(), Status> {
    let bytes = (u64::from(count) + SPARE) * PERIOD;
    let mut left = count;
    // SAFETY: the caller's.
    unsafe {
        let large = |free: &Range<u64>| free.end - free.start >= bytes + PERIOD;
        let free = find_free(boot, |free| large(free).then_some(free.end))?;
        let start = (free.end - bytes) / PERIOD * PERIOD;
        for region in (start..start + bytes).step_by(PERIOD as usize) {
            if left == 0 {
                break;
            }
            if take(boot, kind, region, GRANULE).is_ok() {
                left -= 1;
            }
            if let Some(kind) = between {
                // If this fails, other memory is already between the regions.
                let _ = take(boot, kind, region + PERIOD / 2, GRANULE);
            }
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
unsafe fn take_for_boot(boot: &BootServices, range: Range<u64>) -> Result<(), Status> {
    let pages = range.end.saturating_sub(range.start) / PAGE;
    // SAFETY: the caller's.
    unsafe {
        take(
            boot,
            MemoryType::BOOT_SERVICES_DATA,
            range.start,
            pages as usize,
        )
    }
}

/// # Safety
///
/// Boot services are there.
unsafe fn take(
    boot: &BootServices,
    kind: MemoryType,
    start: u64,
    pages: usize,
) -> Result<(), Status> {
    let mut address = start;
    let at = AllocateType::ADDRESS;
    // SAFETY: the caller's.
    checked(unsafe { (boot.allocate_pages)(at, kind, pages, &mut address) })
}

/// Finds the free memory with the highest rank.
///
/// # Safety
///
/// Boot services are there.
unsafe fn find_free(
    boot: &BootServices,
    rank: impl Fn(&Range<u64>) -> Option<u64>,
) -> Result<Range<u64>, Status> {
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
        let free = (0..size / step).filter_map(|index| {
            let descriptor = map.add(index * step).cast::<MemoryDescriptor>().read();
            let start = descriptor.phys_start;
            let range = start..start + descriptor.page_count * PAGE;
            let rank = rank(&range).filter(|_| descriptor.ty == MemoryType::CONVENTIONAL)?;
            Some((rank, range))
        });
        let best = free.max_by_key(|(rank, _)| *rank);
        let best = best.ok_or(Status::OUT_OF_RESOURCES);
        checked((boot.free_pool)(map))?;
        Ok(best?.1)
    }
}
