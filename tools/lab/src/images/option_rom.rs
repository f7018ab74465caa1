// SPDX-License-Identifier: GPL-2.0
//! A PCI option ROM with a UEFI driver in it, which firmware loads when it finds the device (PCI
//! Firmware 3.0, section 5.1; UEFI 2.10, section 14.4.2).

use std::mem::offset_of;

use anyhow::{Context, Result};
use goblin::pe::PE;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{Immutable, IntoBytes};

const BLOCK: usize = 512;

/// ivshmem's, as QEMU has it.
const VENDOR: u16 = 0x1af4;
const DEVICE: u16 = 0x1110;

const EFI_IMAGE: u8 = 3;
const LAST_IMAGE: u8 = 1 << 7;

#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Rom {
    header: Header,
    /// The PCI data structure begins at a multiple of 4, the driver at one of 8.
    padding: [u8; 2],
    pcir: Pcir,
    more_padding: [u8; 4],
}

const _: () = assert!(offset_of!(Rom, pcir) % 4 == 0 && size_of::<Rom>() % 8 == 0);

/// EFI_PCI_EXPANSION_ROM_HEADER.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Header {
    signature: [u8; 2],
    blocks: U16,
    efi_signature: U32,
    subsystem: U16,
    machine: U16,
    /// 0: not compressed.
    compression: U16,
    reserved: [u8; 8],
    image: U16,
    pcir: U16,
}

/// The PCI data structure, revision 0.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Pcir {
    signature: [u8; 4],
    vendor: U16,
    device: U16,
    vital_data: U16,
    length: U16,
    revision: u8,
    class: [u8; 3],
    blocks: U16,
    code_revision: U16,
    code_type: u8,
    indicator: u8,
    reserved: U16,
}

/// Machine and subsystem are as the driver's own header says.
pub fn wrap(driver: &[u8]) -> Result<Vec<u8>> {
    let pe = PE::parse(driver).context("the driver is no PE image")?;
    let windows = pe.header.optional_header.context("it has no header")?;
    let size = (size_of::<Rom>() + driver.len()).next_multiple_of(BLOCK);
    let blocks = u16::try_from(size / BLOCK).with_context(|| {
        format!(
            "a driver of {} bytes: no option ROM is so large",
            driver.len()
        )
    })?;
    let rom = Rom {
        header: Header {
            signature: [0x55, 0xaa],
            blocks: blocks.into(),
            efi_signature: 0x0ef1.into(),
            subsystem: windows.windows_fields.subsystem.into(),
            machine: pe.header.coff_header.machine.into(),
            compression: 0.into(),
            reserved: [0; 8],
            image: (size_of::<Rom>() as u16).into(),
            pcir: (offset_of!(Rom, pcir) as u16).into(),
        },
        padding: [0; 2],
        pcir: Pcir {
            signature: *b"PCIR",
            vendor: VENDOR.into(),
            device: DEVICE.into(),
            vital_data: 0.into(),
            length: (size_of::<Pcir>() as u16).into(),
            revision: 0,
            class: [0; 3],
            blocks: blocks.into(),
            code_revision: 0.into(),
            code_type: EFI_IMAGE,
            indicator: LAST_IMAGE,
            reserved: 0.into(),
        },
        more_padding: [0; 4],
    };
    let mut bytes = rom.as_bytes().to_vec();
    bytes.extend(driver);
    bytes.resize(size, 0xff);
    Ok(bytes)
}
