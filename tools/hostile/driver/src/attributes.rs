// SPDX-License-Identifier: GPL-2.0
//! The memory attributes table: first it is made to describe this driver right, then it gets its
//! lies.

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
/// The GUID of no table.
const NOBODY: Guid = Guid::ZERO;

/// Room for some 22,000 entries.
const ROOM: usize = 256 * PAGE as usize;

/// Memory for a table with more entries than firmware's.
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

/// Replaces the table by one that describes this driver, with all ordered lies.
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
        // A larger table would be a surprise. It stays, and describes this driver as firmware does.
        if let Some(start) = copy.get_mut(..table.len()) {
            start.copy_from_slice(table);
            describe_us(copy);
            entry.vendor_table = copy.as_mut_ptr().cast();
            falsify(entry, copy);
        }
    }
}

/// Firmware before edk2-stable202511 describes an image that was loaded as late as this one as
/// data.
fn describe_us(table: &mut [u8]) {
    attributes::describe(table, &image::range(), Content::Data);
    for code in image::code() {
        attributes::describe(table, &code, Content::Code);
    }
    // On arm64 an image gets more memory than it uses.
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
