// SPDX-License-Identifier: GPL-2.0

//! Values that tests share: a recorded memory map, and functions that make bytes of a memory map.

pub(crate) use crate::crc32;

use crate::plan::{
    base::addr::{
        Pages,
        PhysAddr,
        PhysRange,
        RangeError,
        VirtAddr, //
    },
    firmware::{
        memattr::HEADER_SIZE,
        memmap::{
            Descriptor,
            MemoryMap, //
        },
        memtype::{
            Attributes,
            MemoryType, //
        },
        perm::Permission, //
    },
    map::{
        entry::Entry,
        layout::AddressSpace,
        pieces::Piece,
        region::Region, //
    },
};

/// The x86-64 address space with 4-level paging: `EFI_VA_START` and `EFI_VA_END` of the kernel.
pub(crate) const X86_64: AddressSpace = AddressSpace {
    fixed_bottom: VirtAddr::new(0xffff_ffef_0000_0000),
    fixed_top: VirtAddr::new(0xffff_ffff_0000_0000),
    layout_top: VirtAddr::new(0xffff_ffff_0000_0000),
    large_page: 2 << 20,
    granule: 4 << 10,
    page: 4 << 10,
    identity_end: PhysAddr::new(1 << 47),
};

/// The arm64 address space with 48 bits: 1:1 and fixed addresses share the lower half. Every kernel
/// has the 36 bits that new layouts use.
pub(crate) const ARM64: AddressSpace = AddressSpace {
    fixed_bottom: VirtAddr::new(512 << 20),
    fixed_top: VirtAddr::new(1 << 48),
    layout_top: VirtAddr::new(64 << 30),
    large_page: 2 << 20,
    granule: 64 << 10,
    page: 4 << 10,
    identity_end: PhysAddr::new(1 << 48),
};

/// The address space of a kernel with 39 bits.
pub(crate) const ARM64_39: AddressSpace = AddressSpace {
    fixed_top: VirtAddr::new(1 << 39),
    identity_end: PhysAddr::new(1 << 39),
    ..ARM64
};

/// The address space of a kernel with pages of 64 KiB.
pub(crate) const ARM64_64K: AddressSpace = AddressSpace {
    page: 64 << 10,
    ..ARM64
};

pub(crate) fn descriptor(ty: MemoryType, phys: u64, pages: u64) -> Descriptor {
    let runtime = ty.is_runtime_services() || ty == MemoryType::MAPPED_IO;
    Descriptor {
        ty,
        phys: PhysAddr::new(phys),
        virt: VirtAddr::new(0),
        pages: Pages::new(pages),
        attributes: Attributes(if runtime { 1 << 63 | 0xf } else { 0xf }),
    }
}

pub(crate) fn code(phys: u64, pages: u64) -> Descriptor {
    descriptor(MemoryType::RUNTIME_SERVICES_CODE, phys, pages)
}

pub(crate) fn data(phys: u64, pages: u64) -> Descriptor {
    descriptor(MemoryType::RUNTIME_SERVICES_DATA, phys, pages)
}

const fn recorded(ty: MemoryType, phys: u64, pages: u64, attributes: u64) -> Descriptor {
    Descriptor {
        ty,
        phys: PhysAddr::new(phys),
        virt: VirtAddr::new(0),
        pages: Pages::new(pages),
        attributes: Attributes(attributes),
    }
}

/// The upper end of the memory map of OVMF 2022.11 on a QEMU machine with 1 GiB.
pub(crate) const OVMF: [Descriptor; 11] = [
    recorded(
        MemoryType::RUNTIME_SERVICES_DATA,
        0x3f4e_c000,
        0x100,
        1 << 63 | 0xf,
    ),
    recorded(
        MemoryType::RUNTIME_SERVICES_CODE,
        0x3f5e_c000,
        0x100,
        1 << 63 | 0xf,
    ),
    recorded(MemoryType::BOOT_SERVICES_DATA, 0x3f7f_e000, 0x602, 0xf),
    recorded(MemoryType::CONVENTIONAL_MEMORY, 0x3fe0_0000, 0x81, 0xf),
    recorded(MemoryType::BOOT_SERVICES_DATA, 0x3fe8_1000, 0x20, 0xf),
    recorded(MemoryType::BOOT_SERVICES_CODE, 0x3fea_1000, 0x2e, 0xf),
    recorded(MemoryType::BOOT_SERVICES_DATA, 0x3fec_f000, 0x11, 0xf),
    recorded(MemoryType::BOOT_SERVICES_CODE, 0x3fee_0000, 0x14, 0xf),
    recorded(
        MemoryType::RUNTIME_SERVICES_DATA,
        0x3fef_4000,
        0x84,
        1 << 63 | 0xf,
    ),
    recorded(MemoryType(0), 0xb000_0000, 0x10000, 1),
    recorded(MemoryType::MAPPED_IO, 0xffc0_0000, 0x400, 1 << 63 | 1),
];

/// Physical and virtual addresses of the runtime regions of [`OVMF`], as stock Linux 7.3 lays them
/// out.
pub(crate) const OVMF_STOCK_ADDRESSES: [(u64, u64); 4] = [
    (0x3f4e_c000, 0xffff_fffe_ff0e_c000),
    (0x3f5e_c000, 0xffff_fffe_ff1e_c000),
    (0x3fef_4000, 0xffff_fffe_ffaf_4000),
    (0xffc0_0000, 0xffff_fffe_ffc0_0000),
];

pub(crate) const BLANK_REGION: Region = Region::BLANK;
pub(crate) const BLANK_PIECE: Piece = Piece::BLANK;
pub(crate) const BLANK_ENTRY: Entry = Entry::BLANK;

pub(crate) fn range(start: u64, pages: u64) -> Result<PhysRange, RangeError> {
    PhysRange::new(PhysAddr::new(start), Pages::new(pages))
}

/// A region of one page at `phys`, with the address `virt`.
pub(crate) fn region(phys: u64, virt: u64) -> Result<Region, RangeError> {
    Ok(Region {
        phys: range(phys, 1)?,
        virt: VirtAddr::new(virt),
        ..BLANK_REGION
    })
}

/// An entry for runtime services data as [`data`] describes it.
pub(crate) fn entry(phys: u64, virt: u64, pages: u64) -> Result<Entry, RangeError> {
    Ok(Entry {
        ty: MemoryType::RUNTIME_SERVICES_DATA,
        attributes: Attributes(1 << 63 | 0xf),
        phys: range(phys, pages)?,
        virt: VirtAddr::new(virt),
        permission: Permission::ReadWrite,
    })
}

const SLOTS: usize = 16;
const DESC_SIZE: usize = 48;

/// A memory map of up to 16 descriptors. Each has 48 bytes, as in most firmware.
pub(crate) struct MapBytes {
    bytes: [u8; SLOTS * DESC_SIZE],
    len: usize,
}

impl MapBytes {
    pub(crate) fn new(descriptors: &[Descriptor]) -> Self {
        let mut bytes = [0; SLOTS * DESC_SIZE];
        for (descriptor, slot) in descriptors.iter().zip(bytes.chunks_exact_mut(DESC_SIZE)) {
            descriptor.write(slot);
        }
        let len = descriptors.len().min(SLOTS) * DESC_SIZE;
        Self { bytes, len }
    }

    pub(crate) fn map(&self) -> MemoryMap<'_> {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        match MemoryMap::new(bytes, DESC_SIZE) {
            Ok(map) => map,
            Err(_) => MemoryMap::EMPTY,
        }
    }
}

/// A memory attributes table, version 2, of up to 16 entries.
pub(crate) struct MatBytes {
    pub(crate) bytes: [u8; HEADER_SIZE + SLOTS * DESC_SIZE],
    len: usize,
}

impl MatBytes {
    pub(crate) fn new(entries: &[(Descriptor, Attributes)]) -> Self {
        let mut bytes = [0; HEADER_SIZE + SLOTS * DESC_SIZE];
        bytes[0] = 2;
        bytes[4] = entries.len().min(SLOTS) as u8;
        bytes[8] = DESC_SIZE as u8;
        let (_, table) = bytes.split_at_mut(HEADER_SIZE);
        for (entry, slot) in entries.iter().zip(table.chunks_exact_mut(DESC_SIZE)) {
            let (descriptor, attributes) = *entry;
            Descriptor {
                attributes,
                ..descriptor
            }
            .write(slot);
        }
        let len = HEADER_SIZE + entries.len().min(SLOTS) * DESC_SIZE;
        Self { bytes, len }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
