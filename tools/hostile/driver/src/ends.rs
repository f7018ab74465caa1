// SPDX-License-Identifier: GPL-2.0
//! Tables at the very end of their memory. A reader that goes on gets into memory of another type.

use core::slice;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use efi_rtmap_orders::What;
use uefi_raw::table::boot::{AllocateType, BootServices, MemoryType};
use uefi_raw::table::system::SystemTable;
use uefi_raw::{guid, Guid, Status};

use crate::arch::GRANULE;
use crate::boot_services::{allocate, checked};
use crate::schedule::{announce_once, ordered};
use crate::services::seal;

const SMBIOS: Guid = guid!("eb9d2d31-2d88-11d3-9a16-0090273fc14d");
const SMBIOS_3: Guid = guid!("f2fd1544-9794-4a2c-992e-e5bbcf20e394");

const PAGE: usize = 4096;
const SIZE: usize = GRANULE * PAGE;
/// The size of a 64-bit entry point, and the excess that it claims for its structures, in bytes.
const ENTRY_POINT: usize = 24;
const CLAIMED: usize = 0x8000;

/// The ends of the memory for the tables.
static VENDOR: AtomicUsize = AtomicUsize::new(0);
static ENTRY: AtomicUsize = AtomicUsize::new(0);
static STRUCTURES: AtomicUsize = AtomicUsize::new(0);

/// # Safety
///
/// Boot services are there.
pub unsafe fn prepare(boot: &BootServices) -> Result<(), Status> {
    let place = |what, ends: &[&AtomicUsize]| {
        if ordered(what).is_some() {
            for end in ends {
                // SAFETY: the caller's.
                end.store(unsafe { allocate_end(boot)? }, Relaxed);
            }
        }
        Ok(())
    };
    place(What::VendorAtEnd, &[&VENDOR])?;
    place(What::SmbiosAtEnd, &[&ENTRY, &STRUCTURES])
}

/// Allocates runtime services data of [`SIZE`] and returns its end. Memory behind it is free to a
/// kernel.
///
/// # Safety
///
/// Boot services are there.
unsafe fn allocate_end(boot: &BootServices) -> Result<usize, Status> {
    // SAFETY: the caller's.
    unsafe {
        let found = allocate(boot, MemoryType::LOADER_DATA, 3 * GRANULE)?;
        let start = found.next_multiple_of(SIZE);
        let mut address = start as u64;
        checked((boot.free_pages)(address, GRANULE))?;
        let kind = MemoryType::RUNTIME_SERVICES_DATA;
        checked((boot.allocate_pages)(
            AllocateType::ADDRESS,
            kind,
            GRANULE,
            &mut address,
        ))?;
        Ok(start + SIZE)
    }
}

/// Moves the ordered tables.
///
/// # Safety
///
/// The tables are firmware's, and nobody else uses them now. prepare() has succeeded.
pub unsafe fn move_tables(system: &mut SystemTable) {
    // SAFETY: the caller's.
    unsafe {
        if let Some(fault) = ordered(What::VendorAtEnd) {
            announce_once(fault);
            move_vendor(system);
        }
        if let Some(fault) = ordered(What::SmbiosAtEnd) {
            announce_once(fault);
            move_smbios(system);
        }
    }
}

/// # Safety
///
/// As for move_tables().
unsafe fn move_vendor(system: &mut SystemTable) {
    let vendor = system.firmware_vendor.cast::<u16>();
    // SAFETY: the caller's: a string that ends in 0.
    unsafe {
        let units = (0..).find(|index| vendor.add(*index).read() == 0);
        let size = 2 * (units.unwrap_or(0) + 1);
        let copy = copy_to(VENDOR.load(Relaxed), vendor.cast(), size);
        system.firmware_vendor = copy as *const _;
        seal(&raw mut system.header);
    }
}

/// # Safety
///
/// As for move_tables().
unsafe fn move_smbios(system: &mut SystemTable) {
    // SAFETY: the caller's.
    let tables = unsafe {
        let count = system.number_of_configuration_table_entries;
        slice::from_raw_parts_mut(system.configuration_table, count)
    };
    let mut found = tables
        .iter_mut()
        .filter(|table| [SMBIOS, SMBIOS_3].contains(&table.vendor_guid));
    let Some(table) = found.next() else {
        return;
    };
    // SAFETY: the caller's: the entry point is of either kind, and leads to the structures.
    unsafe {
        let (structures, size) = structures(table.vendor_table.cast());
        if size > SIZE {
            return;
        }
        let start = copy_to(STRUCTURES.load(Relaxed), structures, size);
        let entry = entry_point(start, size + CLAIMED);
        table.vendor_table = copy_to(ENTRY.load(Relaxed), entry.as_ptr(), entry.len()) as *mut _;
        table.vendor_guid = SMBIOS_3;
    }
    // Now there is one entry point.
    found.for_each(|table| table.vendor_guid = Guid::ZERO);
}

/// Returns the address and the size of the structures, by the entry point (DMTF DSP0134, section
/// 5.2).
///
/// # Safety
///
/// `entry` is one, of either kind.
unsafe fn structures(entry: *const u8) -> (*const u8, usize) {
    // SAFETY: the caller's.
    unsafe {
        if entry.cast::<[u8; 5]>().read() == *b"_SM3_" {
            let size = entry.add(12).cast::<u32>().read_unaligned();
            let start = entry.add(16).cast::<u64>().read_unaligned();
            (start as *const u8, size as usize)
        } else {
            let size = entry.add(22).cast::<u16>().read_unaligned();
            let start = entry.add(24).cast::<u32>().read_unaligned();
            (start as usize as *const u8, size.into())
        }
    }
}

/// A 64-bit entry point.
fn entry_point(start: usize, size: usize) -> [u8; ENTRY_POINT] {
    let mut entry = [0; ENTRY_POINT];
    entry[..5].copy_from_slice(b"_SM3_");
    entry[6] = ENTRY_POINT as u8;
    entry[7] = 3;
    entry[10] = 1;
    entry[12..16].copy_from_slice(&(size as u32).to_le_bytes());
    entry[16..].copy_from_slice(&(start as u64).to_le_bytes());
    let sum = entry
        .iter()
        .fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    entry[5] = sum.wrapping_neg();
    entry
}

/// Returns the address of the copy.
///
/// # Safety
///
/// `source` has `size` bytes, and there is as much memory before `end`.
unsafe fn copy_to(end: usize, source: *const u8, size: usize) -> usize {
    // SAFETY: the caller's.
    unsafe { source.copy_to_nonoverlapping((end - size) as *mut u8, size) };
    end - size
}
