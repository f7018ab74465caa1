// SPDX-License-Identifier: GPL-2.0
//! Reads the content of firmware's tables from the places that the kernel gives.

use anyhow::{bail, ensure, Context, Result};
use thiserror::Error;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::recording::{Descriptor, Firmware, MemoryAttributes, MemoryMap, RtProperties};
use crate::tables::{self, ConfigTable32, ConfigTable64, Guid, SystemTable32, SystemTable64};

const PAGE: u64 = 4096;
const RUNTIME: u64 = 1 << 63;
const CONVENTIONAL_MEMORY: u32 = 7;

/// These are more than any firmware has. Larger values count as damage.
const MAX_MAP_SIZE: u64 = 1 << 20;
const MAX_TABLES: u64 = 1024;
const MAX_ATTRIBUTES_SIZE: u64 = 4 << 20;
const MAX_VENDOR_LENGTH: u64 = 128;

pub trait PhysicalMemory {
    fn read(&self, address: u64, length: usize) -> Result<Vec<u8>>;
}

/// The kernel's knowledge of the tables, in physical addresses.
#[derive(Clone, Debug)]
pub struct Place {
    pub bits: u32,
    pub map: u64,
    pub map_size: u64,
    pub descriptor_size: u32,
    pub descriptor_version: u32,
    pub system_table: u64,
    /// The kernel may keep these two. SetVirtualAddressMap() may have converted the system table's
    /// own.
    pub vendor: Option<u64>,
    pub first_table: Option<u64>,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "the memory map of {0} descriptors has no conventional memory: this kernel was started by kexec, \
     and what firmware said is gone. Reboot through the firmware, and try again"
)]
pub struct NotFirmwares(usize);

/// The system table, without the differences between 32 and 64 bits.
struct SystemTable {
    signature: u64,
    revision: u32,
    vendor: u64,
    vendor_revision: u32,
    tables: u64,
    first_table: u64,
}

pub fn read(place: &Place, memory: &impl PhysicalMemory) -> Result<Firmware> {
    let memory_map = memory_map(place, memory)?;
    let map = &memory_map.descriptors;
    if map.iter().all(|d| d.ty != CONVENTIONAL_MEMORY) {
        bail!(NotFirmwares(map.len()));
    }
    let system = system_table(place, memory)?;
    let vendor = place.vendor.unwrap_or_else(|| physical(system.vendor, map));
    let first = place
        .first_table
        .unwrap_or_else(|| physical(system.first_table, map));
    let tables = config_tables(place, first, system.tables, memory)?;
    let address_of = |wanted: Guid| tables.iter().find(|t| t.guid == wanted).map(address);
    Ok(Firmware {
        bits: place.bits,
        vendor: text(vendor, memory)?,
        revision: system.vendor_revision,
        system_table_revision: system.revision,
        rt_properties: address_of(tables::RT_PROPERTIES_GUID)
            .map(|address| rt_properties(address, memory))
            .transpose()?,
        memory_attributes: address_of(tables::MEMORY_ATTRIBUTES_GUID)
            .map(|address| memory_attributes(address, memory))
            .transpose()?,
        memory_map,
    })
}

fn address(table: &ConfigTable64) -> u64 {
    table.address.get()
}

fn memory_map(place: &Place, memory: &impl PhysicalMemory) -> Result<MemoryMap> {
    let (size, step) = (place.map_size, u64::from(place.descriptor_size));
    ensure!(
        step >= tables::DESCRIPTOR_SIZE as u64 && (step..=MAX_MAP_SIZE).contains(&size),
        "memory map of {size} bytes, {step} for each descriptor: this cannot be right"
    );
    let bytes = memory
        .read(place.map, size as usize)
        .context("memory map")?;
    Ok(MemoryMap {
        descriptor_size: place.descriptor_size,
        descriptor_version: place.descriptor_version,
        descriptors: tables::descriptors(&bytes, step as usize),
    })
}

fn system_table(place: &Place, memory: &impl PhysicalMemory) -> Result<SystemTable> {
    let table = match place.bits {
        32 => {
            let table: SystemTable32 = take(place.system_table, memory)?;
            SystemTable {
                signature: table.signature.get(),
                revision: table.revision.get(),
                vendor: table.vendor.get().into(),
                vendor_revision: table.vendor_revision.get(),
                tables: table.tables.get().into(),
                first_table: table.first_table.get().into(),
            }
        }
        64 => {
            let table: SystemTable64 = take(place.system_table, memory)?;
            SystemTable {
                signature: table.signature.get(),
                revision: table.revision.get(),
                vendor: table.vendor.get(),
                vendor_revision: table.vendor_revision.get(),
                tables: table.tables.get(),
                first_table: table.first_table.get(),
            }
        }
        bits => bail!("firmware of {bits} bits"),
    };
    ensure!(
        table.signature == tables::SYSTEM_TABLE_SIGNATURE,
        "no system table at {:#x}: its signature is {:#018x}",
        place.system_table,
        table.signature
    );
    Ok(table)
}

fn config_tables(
    place: &Place,
    first: u64,
    count: u64,
    memory: &impl PhysicalMemory,
) -> Result<Vec<ConfigTable64>> {
    ensure!(
        count <= MAX_TABLES,
        "{count} configuration tables are more than {MAX_TABLES}: this cannot be right"
    );
    let wide = |table: ConfigTable32| ConfigTable64 {
        guid: table.guid,
        address: u64::from(table.address.get()).into(),
    };
    let one = |index| match place.bits {
        32 => take(nth::<ConfigTable32>(first, index), memory).map(wide),
        _ => take(nth::<ConfigTable64>(first, index), memory),
    };
    (0..count).map(one).collect()
}

/// The address of an entry, as firmware gives it. Memory beyond the end of memory cannot be read.
fn nth<T>(first: u64, index: u64) -> u64 {
    first.wrapping_add(index * size_of::<T>() as u64)
}

fn rt_properties(address: u64, memory: &impl PhysicalMemory) -> Result<RtProperties> {
    let table: tables::RtProperties = take(address, memory).context("RT_PROPERTIES")?;
    Ok(RtProperties {
        version: table.version.get(),
        services: table.services.get(),
    })
}

fn memory_attributes(address: u64, memory: &impl PhysicalMemory) -> Result<MemoryAttributes> {
    let what = "memory attributes table";
    let header: tables::AttributesHeader = take(address, memory).context(what)?;
    let (count, step) = (header.count.get(), header.descriptor_size.get());
    let size = u64::from(count) * u64::from(step);
    let entries = if (1..=MAX_ATTRIBUTES_SIZE).contains(&size) {
        let start = nth::<tables::AttributesHeader>(address, 1);
        let bytes = memory.read(start, size as usize).context(what)?;
        tables::descriptors(&bytes, step as usize)
    } else {
        Vec::new()
    };
    Ok(MemoryAttributes {
        version: header.version.get(),
        count,
        descriptor_size: step,
        flags: header.flags.get(),
        entries,
    })
}

/// Reads UTF-16 up to a zero, one unit at a time: there may be no memory after it.
fn text(address: u64, memory: &impl PhysicalMemory) -> Result<String> {
    let mut units = Vec::new();
    for index in 0..MAX_VENDOR_LENGTH {
        let bytes = memory
            .read(nth::<u16>(address, index), 2)
            .context("firmware vendor")?;
        match u16::from_le_bytes([bytes[0], bytes[1]]) {
            0 => break,
            unit => units.push(unit),
        }
    }
    Ok(String::from_utf16_lossy(&units))
}

fn take<T>(address: u64, memory: &impl PhysicalMemory) -> Result<T>
where
    T: FromBytes + KnownLayout + Immutable + Unaligned,
{
    let bytes = memory.read(address, size_of::<T>())?;
    T::read_from_bytes(&bytes)
        .ok()
        .with_context(|| format!("only {} bytes at {address:#x}", bytes.len()))
}

/// The physical address of an `address` that firmware uses after SetVirtualAddressMap().
fn physical(address: u64, map: &[Descriptor]) -> u64 {
    let home = map.iter().find_map(|d| {
        let offset = address.checked_sub(d.virt)?;
        let inside = offset < d.pages.saturating_mul(PAGE);
        // No address was given if it is 0 or all ones.
        let given = d.attribute & RUNTIME != 0 && d.virt != 0 && d.virt != u64::MAX;
        (inside && given).then(|| d.phys.wrapping_add(offset))
    });
    home.unwrap_or(address)
}

#[cfg(test)]
mod tests;
