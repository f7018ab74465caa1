// SPDX-License-Identifier: GPL-2.0
//! arm64: the device tree gives the place of firmware's map, to kernels and to this guest.

use std::fs;

use anyhow::{anyhow, Context, Result};
use efi_rtmap_guest::memory_map;
use efi_rtmap_guest::report::RuntimeRegion;
use fdt::Fdt;

use crate::memory;

pub use efi_rtmap_guest::ptdump::arm64::parse as parse_page_tables;

/// The only port that the driver finds: a PCI card.
pub const REPORT_PORT: &str = "/dev/ttyS0";
pub const PAGE_TABLES: &str = "/sys/kernel/debug/efi_page_tables";
/// This also exists with ACPI: the stub makes one.
const DEVICE_TREE: &str = "/sys/firmware/fdt";
/// `EFI_SYSTEM_TABLE.RuntimeServices`.
const RUNTIME_SERVICES: u64 = 88;

pub fn runtime_map() -> Result<Vec<RuntimeRegion>> {
    let start = chosen("linux,uefi-mmap-start")?;
    let size = chosen("linux,uefi-mmap-size")?;
    let descriptor_size = chosen("linux,uefi-mmap-desc-size")?;
    let bytes = memory::read(start, size as usize)?;
    Ok(memory_map::runtime_regions(
        &bytes,
        descriptor_size as usize,
    )?)
}

pub fn runtime_services() -> Result<u64> {
    let table = chosen("linux,uefi-system-table")?;
    let bytes = memory::read(table + RUNTIME_SERVICES, 8)?;
    Ok(u64::from_le_bytes(bytes.try_into().expect("8 bytes")))
}

/// Bytes that the device tree reserves, in whole pages, without the initrd, which this kernel
/// frees.
pub fn reserved() -> Result<u64> {
    let bytes = fs::read(DEVICE_TREE).context(DEVICE_TREE)?;
    let initrd = chosen("linux,initrd-start").unwrap_or(0);
    let page = crate::page_size()?;
    let others = tree(&bytes)?
        .memory_reservations()
        .filter(|reservation| reservation.address() as u64 != initrd);
    Ok(others
        .map(|reservation| (reservation.size() as u64).next_multiple_of(page))
        .sum())
}

fn tree(bytes: &[u8]) -> Result<Fdt<'_>> {
    Fdt::new(bytes).map_err(|error| anyhow!("{DEVICE_TREE}: {error}"))
}

fn chosen(name: &str) -> Result<u64> {
    let bytes = fs::read(DEVICE_TREE).context(DEVICE_TREE)?;
    let value = tree(&bytes)?
        .find_node("/chosen")
        .and_then(|node| node.property(name)?.as_usize());
    let value = value.with_context(|| format!("{DEVICE_TREE}: no number /chosen {name}"))?;
    Ok(value as u64)
}
