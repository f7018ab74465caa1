// SPDX-License-Identifier: GPL-2.0

//! The structures of the handover table, field by field, as `include/linux/efi-rtmap-table.h`
//! defines them: `ffi` compares the two. No value of them is made: they are read and written in
//! place.

#![allow(dead_code)]

type Le16 = [u8; 2];
type Le32 = [u8; 4];
type Le64 = [u8; 8];

/// Words for what firmware may use in user mode: `EFI_RTMAP_TABLE_ALLOWED`.
pub(crate) const ALLOWED_RANGES: usize = 16;

/// `struct efi_rtmap_table_header`.
#[repr(C)]
pub(crate) struct TableHeader {
    pub(crate) magic: Le64,
    pub(crate) size: Le32,
    pub(crate) slot_size: Le32,
    pub(crate) call_service: Le32,
    pub(crate) call_count: Le32,
    pub(crate) used: Le32,
    pub(crate) faulted: Le32,
    pub(crate) properties_version: Le16,
    pub(crate) properties_length: Le16,
    pub(crate) properties_supported: Le32,
    pub(crate) supported: Le32,
    pub(crate) services_off: Le32,
    pub(crate) nonce: [Le64; 2],
    pub(crate) stub: TableStub,
    pub(crate) passed: Le32,
    pub(crate) failed: Le32,
    pub(crate) allowed: [u8; size_of::<Le32>() * ALLOWED_RANGES],
    pub(crate) reserved: [u8; 32],
}

/// `struct efi_rtmap_table_stub`.
#[repr(C)]
pub(crate) struct TableStub {
    pub(crate) reason: Le32,
    pub(crate) kind: Le32,
    pub(crate) svam: Le32,
    pub(crate) reserved: Le32,
    pub(crate) status: Le64,
}

/// `struct efi_rtmap_table_slot`.
#[repr(C)]
pub(crate) struct TableSlot {
    pub(crate) crc: Le32,
    pub(crate) length: Le32,
    pub(crate) major: Le16,
    pub(crate) minor: Le16,
    pub(crate) sequence: Le32,
    pub(crate) generation: Le32,
    pub(crate) kind: Le32,
    pub(crate) svam: Le32,
    pub(crate) flags: Le32,
    pub(crate) entry_offset: Le32,
    pub(crate) entry_size: Le32,
    pub(crate) entry_count: Le32,
    pub(crate) svam_generation: Le32,
    pub(crate) systab: Le64,
    pub(crate) fw_revision: Le32,
    pub(crate) vendor_crc: Le32,
    pub(crate) runtime: Le64,
    pub(crate) config: Le64,
    pub(crate) vendor: Le64,
    pub(crate) reserved: Le64,
}

/// `struct efi_rtmap_table_entry`.
#[repr(C)]
pub(crate) struct TableEntry {
    pub(crate) phys: Le64,
    pub(crate) virt: Le64,
    pub(crate) pages: Le64,
    pub(crate) attribute: Le64,
    pub(crate) type_: Le32,
    pub(crate) permission: Le32,
}

/// `struct efi_rtmap_life`.
#[repr(C)]
pub(crate) struct LifeTable {
    pub(crate) nonce: [Le64; 2],
    pub(crate) addresses: Le64,
}
