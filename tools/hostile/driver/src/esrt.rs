// SPDX-License-Identifier: GPL-2.0
//! ESRT, the table of firmware that can be updated (UEFI 2.10, section 23.4).

use efi_rtmap_orders::What;
use uefi_raw::table::boot::{BootServices, MemoryType};
use uefi_raw::{guid, Guid, Status};

use crate::boot_services::{allocate, checked};
use crate::schedule::{announce, ordered};

const TABLE: Guid = guid!("b122a263-3661-4f68-9929-78f8b0d62180");
/// The version of the table's format.
const VERSION: u64 = 1;
/// EFI_FIRMWARE_RESOURCE_TYPE: device firmware.
const DEVICE: u32 = 2;
/// The version of the firmware in the first entry.
const FIRST_VERSION: u32 = 1000;
const PAGE: usize = 4096;

/// EFI_SYSTEM_RESOURCE_TABLE, without its entries.
#[repr(C)]
struct Header {
    count: u32,
    most: u32,
    version: u64,
}

/// EFI_SYSTEM_RESOURCE_ENTRY.
#[repr(C)]
struct Entry {
    class: Guid,
    kind: u32,
    version: u32,
    lowest_version: u32,
    flags: u32,
    last_version: u32,
    last_status: u32,
}

/// Installs the table if it is ordered, in the memory that UEFI recommends for it.
///
/// # Safety
///
/// Boot services are there.
pub unsafe fn install(boot: &BootServices) -> Result<(), Status> {
    let Some(fault) = ordered(What::Esrt) else {
        return Ok(());
    };
    announce(fault, fault.service);
    let count = u32::from(fault.count);
    let size = size_of::<Header>() + size_of::<Entry>() * count as usize;
    let kind = MemoryType::BOOT_SERVICES_DATA;
    // SAFETY: the caller's; the pages have room for header and entries, and are aligned for them.
    unsafe {
        let table = allocate(boot, kind, size.div_ceil(PAGE))? as *mut Header;
        table.write(Header {
            count,
            most: count,
            version: VERSION,
        });
        let entries = table.add(1).cast::<Entry>();
        for index in 0..count {
            entries.add(index as usize).write(entry(index));
        }
        checked((boot.install_configuration_table)(&TABLE, table.cast()))
    }
}

/// Makes an entry that differs from all others.
fn entry(index: u32) -> Entry {
    let mut class = TABLE.to_bytes();
    class[12..].copy_from_slice(&index.to_be_bytes());
    let version = FIRST_VERSION + index;
    Entry {
        class: Guid::from_bytes(class),
        kind: DEVICE,
        version,
        lowest_version: version,
        flags: 0,
        last_version: version,
        last_status: 0,
    }
}
