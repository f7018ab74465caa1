// SPDX-License-Identifier: GPL-2.0
//! Lies of the memory attributes table.

use efi_rtmap_false_tables::attributes::{self, Header};
use efi_rtmap_orders::What;
use uefi_raw::table::system::SystemTable;
use uefi_raw::{guid, Guid};

use crate::schedule::{all, announce};

const TABLE: Guid = guid!("dcfa911d-26eb-469f-a220-38b7dc461220");
/// Of no table.
const NOBODY: Guid = Guid::ZERO;

/// Applies all that are ordered.
///
/// # Safety
///
/// The tables are firmware's, and nobody else uses them now.
pub unsafe fn falsify(system: &mut SystemTable) {
    // SAFETY: the caller's.
    let tables = unsafe {
        let count = system.number_of_configuration_table_entries;
        core::slice::from_raw_parts_mut(system.configuration_table, count)
    };
    let Some(entry) = tables.iter_mut().find(|entry| entry.vendor_guid == TABLE) else {
        return;
    };
    let table = entry.vendor_table;
    // SAFETY: the caller's: the header says how long the whole is, truly as yet.
    let table = unsafe {
        let size = (*table.cast::<Header>()).table_size();
        core::slice::from_raw_parts_mut(table.cast::<u8>(), size)
    };
    for fault in all() {
        if fault.what == What::AttributesAbsent {
            announce(fault, fault.service);
            entry.vendor_guid = NOBODY;
        } else if attributes::falsify(table, fault.what) {
            announce(fault, fault.service);
        }
    }
}
