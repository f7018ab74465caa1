// SPDX-License-Identifier: GPL-2.0
//! Firmware's tables as they are in memory (UEFI 2.10, sections 4.3, 4.6 and 7.2).

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::recording;

pub type Guid = [u8; 16];

pub const MEMORY_ATTRIBUTES_GUID: Guid = guid(0xdcfa_911d, 0x26eb, 0x469f, 0xa220_38b7_dc46_1220);
pub const RT_PROPERTIES_GUID: Guid = guid(0xeb66_918a, 0x7eef, 0x402a, 0x842e_931d_21c3_8ae9);

/// "IBI SYST".
pub const SYSTEM_TABLE_SIGNATURE: u64 = 0x5453_5953_2049_4249;

const fn guid(a: u32, b: u16, c: u16, d: u64) -> Guid {
    let (a, b, c, d) = (
        a.to_le_bytes(),
        b.to_le_bytes(),
        c.to_le_bytes(),
        d.to_be_bytes(),
    );
    [
        a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6],
        d[7],
    ]
}

/// `EFI_SYSTEM_TABLE` of 64-bit firmware.
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct SystemTable64 {
    pub signature: U64,
    pub revision: U32,
    sizes: [U32; 3],
    pub vendor: U64,
    pub vendor_revision: U32,
    padding: U32,
    consoles: [U64; 6],
    services: [U64; 2],
    pub tables: U64,
    pub first_table: U64,
}

/// `EFI_SYSTEM_TABLE` of 32-bit firmware.
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct SystemTable32 {
    pub signature: U64,
    pub revision: U32,
    sizes: [U32; 3],
    pub vendor: U32,
    pub vendor_revision: U32,
    consoles: [U32; 6],
    services: [U32; 2],
    pub tables: U32,
    pub first_table: U32,
}

/// `EFI_CONFIGURATION_TABLE` of 64-bit firmware.
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct ConfigTable64 {
    pub guid: Guid,
    pub address: U64,
}

/// `EFI_CONFIGURATION_TABLE` of 32-bit firmware.
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct ConfigTable32 {
    pub guid: Guid,
    pub address: U32,
}

#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct RtProperties {
    pub version: U16,
    length: U16,
    pub services: U32,
}

/// The part of `EFI_MEMORY_ATTRIBUTES_TABLE` before the entries.
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct AttributesHeader {
    pub version: U32,
    pub count: U32,
    pub descriptor_size: U32,
    pub flags: U32,
}

#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Descriptor {
    ty: U32,
    padding: U32,
    phys: U64,
    virt: U64,
    pages: U64,
    attribute: U64,
}

pub const DESCRIPTOR_SIZE: usize = size_of::<Descriptor>();

/// The descriptors in `bytes`. A step from one to the next is `size` bytes, not 0. There are none
/// if `size` is too small for the fields.
pub fn descriptors(bytes: &[u8], size: usize) -> Vec<recording::Descriptor> {
    let read = |bytes| {
        let (descriptor, _) = Descriptor::ref_from_prefix(bytes).ok()?;
        Some(recording::Descriptor {
            ty: descriptor.ty.get(),
            phys: descriptor.phys.get(),
            pages: descriptor.pages.get(),
            attribute: descriptor.attribute.get(),
            virt: descriptor.virt.get(),
        })
    };
    bytes.chunks_exact(size).filter_map(read).collect()
}
