// SPDX-License-Identifier: GPL-2.0
//! The memory attributes table: made to tell the truth about this driver, and then what is ordered.

use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use efi_rtmap_false_tables::attributes::{self, Content, Header};
use efi_rtmap_false_tables::PAGE;
use efi_rtmap_orders::What;
use uefi_raw::table::boot::{BootServices, MemoryType};
use uefi_raw::table::configuration::ConfigurationTable;
use uefi_raw::table::system::SystemTable;
use uefi_raw::{guid, Guid, Status};

use crate::boot_services::allocate;
use crate::image;
use crate::schedule::{all, announce};

const TABLE: Guid = guid!("dcfa911d-26eb-469f-a220-38b7dc461220");
/// Of no table.
const NOBODY: Guid = Guid::ZERO;

/// Some 22,000 entries.
const ROOM: usize = 256 * PAGE as usize;

/// For a table with more entries than firmware's.
static COPY: AtomicPtr<[u8; ROOM]> = AtomicPtr::new(core::ptr::null_mut());

/// # Safety
///
/// Boot services are there.
pub unsafe fn prepare(boot: &BootServices) -> Result<(), Status> {
    // SAFETY: the caller's.
    let pages = unsafe { allocate(boot, MemoryType::BOOT_SERVICES_DATA, ROOM / PAGE as usize)? };
    COPY.store(pages as *mut _, Relaxed);
    Ok(())
}

/// Replaces the table by one that describes us, with all lies that are ordered.
///
/// # Safety
///
/// The tables are firmware's, and nobody else uses them now. prepare() has succeeded.
pub unsafe fn replace(system: &mut SystemTable) {
    // SAFETY: the caller's.
    let tables = unsafe {
        let count = system.number_of_configuration_table_entries;
        core::slice::from_raw_parts_mut(system.configuration_table, count)
    };
    if let Some(entry) = tables.iter_mut().find(|entry| entry.vendor_guid == TABLE) {
        // SAFETY: the caller's: the header says how long the whole is.
        let (table, copy) = unsafe {
            let table = entry.vendor_table;
            let size = (*table.cast::<Header>()).table_size();
            let table = core::slice::from_raw_parts(table.cast::<u8>(), size);
            (table, &mut *COPY.load(Relaxed))
        };
        // A larger one would be a surprise, and says of us what firmware thinks.
        if let Some(start) = copy.get_mut(..table.len()) {
            start.copy_from_slice(table);
            describe_us(copy);
            entry.vendor_table = copy.as_mut_ptr().cast();
            falsify(entry, copy);
        }
    }
}

/// Firmware before edk2-stable202511 takes all of an image that was loaded as late as ours for data.
fn describe_us(table: &mut [u8]) {
    attributes::describe(table, &image::range(), Content::Data);
    for code in image::code() {
        attributes::describe(table, &code, Content::Code);
    }
    // On arm64 an image gets more than it takes.
    attributes::describe_rest(table, image::range().end);
}

fn falsify(entry: &mut ConfigurationTable, table: &mut [u8]) {
    let size = attributes::size(table);
    for fault in all() {
        if fault.what == What::AttributesAbsent {
            announce(fault, fault.service);
            entry.vendor_guid = NOBODY;
        } else if attributes::falsify(&mut table[..size], fault.what) {
            announce(fault, fault.service);
        }
    }
}
