// SPDX-License-Identifier: GPL-2.0

//! What the firmware says of itself, read from its memory.

use crate::{
    failure::Failure,
    ffi::{
        self,
        BootFacts,
        SystemTable,
        FW_BUG, //
    },
    plan::{
        addr::{
            PhysAddr,
            VirtAddr, //
        },
        bytes::u32_at,
        entry::Entry,
        list::List,
        memattr,
        memmap::{
            MapError,
            MemoryMap, //
        },
        quirk::{
            Machine,
            Quirk, //
        },
        region::{
            collect,
            Region, //
        },
        runtime::{
            self,
            RuntimeTable,
            Width, //
        },
        service,
        smbios,
        wire::Identity, //
    },
};
use kernel::prelude::*;

/// UTF-16 units of the vendor string that are looked at.
const VENDOR_UNITS: usize = 100;

/// The firmware and what the boot has left of it.
pub(crate) struct Firmware {
    memory_map: KVVec<u8>,
    desc_size: usize,
    pub(crate) identity: Identity,
    /// The runtime services table as the system table has it: once SVAM has been called with
    /// fixed addresses, that is one.
    pub(crate) runtime: VirtAddr,
    pub(crate) config: PhysAddr,
    pub(crate) vendor: PhysAddr,
    /// Services that RT_PROPERTIES does not exclude, as bits.
    supported: u32,
    width: Width,
    attributes: Option<PhysAddr>,
    smbios: Option<PhysAddr>,
}

impl Firmware {
    /// Reads what there is.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if memory cannot be mapped, or there is no memory map.
    pub(crate) fn read(systab: PhysAddr, boot: &BootFacts) -> Result<Self, Failure> {
        let (memory_map, desc_size) = ffi::memory_map()?.ok_or(Failure::NoMemoryMap)?;
        let (width, layout) = if boot.mixed {
            (Width::Bits32, SystemTable::BITS_32)
        } else {
            (Width::Bits64, SystemTable::BITS_64)
        };
        let table = ffi::read_physical(systab, layout.size)?;
        let vendor = PhysAddr::new(boot.fw_vendor);
        Ok(Self {
            memory_map,
            desc_size,
            identity: Identity {
                systab,
                revision: u32_at(&table, layout.revision).ok_or(EINVAL)?,
                vendor_crc: vendor_crc(vendor)?,
            },
            runtime: VirtAddr::new(width.pointer_at(&table, layout.runtime).ok_or(EINVAL)?),
            config: PhysAddr::new(boot.config_table),
            vendor,
            supported: boot.supported,
            width,
            attributes: (boot.memattr != 0).then_some(PhysAddr::new(boot.memattr)),
            smbios: (boot.smbios != 0).then_some(PhysAddr::new(boot.smbios)),
        })
    }

    /// The memory map that this kernel was started with.
    ///
    /// # Errors
    ///
    /// A [`MapError`] if it cannot be one.
    pub(crate) fn map(&self) -> Result<MemoryMap<'_>, MapError> {
        MemoryMap::new(&self.memory_map, self.desc_size)
    }

    /// The regions of `map` that must be mapped, with boot services memory if asked for.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the map gives none, or there is no memory for them.
    pub(crate) fn regions(
        map: &MemoryMap<'_>,
        boot_services: bool,
    ) -> Result<KVVec<Region>, Failure> {
        let mut buffer = KVVec::from_elem(Region::BLANK, map.iter().count(), GFP_KERNEL)?;
        let mut regions = List::new(&mut buffer);
        collect(map, boot_services, &mut regions)?;
        let count = regions.len();
        buffer.truncate(count);
        Ok(buffer)
    }

    /// What the machine is known to need. Only while firmware is unconverted: it may convert the
    /// addresses that lead there.
    pub(crate) fn quirk(&self) -> Option<Quirk> {
        let entry_point = ffi::read_physical(self.smbios?, smbios::ENTRY_POINT_SIZE).ok()?;
        let entry_point = smbios::EntryPoint::read(&entry_point)?;
        let table = ffi::read_physical(entry_point.table, entry_point.length).ok()?;
        Machine::read(&table).quirk()
    }

    /// Bytes of one descriptor of the memory map.
    pub(crate) fn desc_size(&self) -> usize {
        self.desc_size
    }

    /// The memory attributes table, if it can be used. What is wrong with it costs only the
    /// permissions it would have given.
    pub(crate) fn attributes(&self) -> Option<KVVec<u8>> {
        let address = self.attributes?;
        let header = ffi::read_physical(address, memattr::HEADER_SIZE).ok()?;
        match memattr::Header::new(&header) {
            Ok(header) => ffi::read_physical(address, header.table_size()).ok(),
            Err(error) => {
                pr_warn!(
                    "memory attributes table at {}: {}, not used\n",
                    format_args!("{address}"),
                    format_args!("{error}")
                );
                None
            }
        }
    }

    /// Whether SVAM may be called, if it has not been: firmware does not exclude it, and the pointer
    /// to it leads to code that `map` has.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no runtime services table where it should be.
    pub(crate) fn svam_callable(&self, map: &MemoryMap<'_>) -> Result<bool, Failure> {
        if self.supported & service::SVAM.bit == 0 {
            return Ok(false);
        }
        let runtime = PhysAddr::new(self.runtime.value());
        runtime::check_place(runtime, self.width, map.runtime_ranges())?;
        let table = ffi::read_physical(runtime, self.width.table_size())?;
        let checked = RuntimeTable::new(&table, self.width)?.check_svam(map);
        if let Err(error) = checked {
            pr_warn!("{}{}: not called\n", FW_BUG, format_args!("{error}"));
        }
        Ok(checked.is_ok())
    }

    /// Checks the pointers of the runtime services table at `runtime`, where the map has `entries`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if firmware cannot be called by them.
    pub(crate) fn check_services(
        &self,
        runtime: PhysAddr,
        entries: &[Entry],
    ) -> Result<(), Failure> {
        runtime::check_place(runtime, self.width, entries.iter().map(|entry| entry.phys))?;
        let table = ffi::read_physical(runtime, self.width.table_size())?;
        let table = RuntimeTable::new(&table, self.width)?;
        if let Some(flaw) = table.flaw(ffi::crc32) {
            pr_warn!(
                "{}runtime services table: {}\n",
                FW_BUG,
                format_args!("{flaw}")
            );
        }
        Ok(table.check_services(entries, self.supported)?)
    }

    /// Where the runtime services table lies, given the map that firmware was converted to.
    pub(crate) fn runtime_phys(&self, regions: &[Region]) -> Option<PhysAddr> {
        let value = self.runtime.value();
        regions.iter().find_map(|region| {
            let offset = value.checked_sub(region.virt.value())?;
            let start = region.phys.start().value();
            (offset < region.phys.bytes()).then(|| PhysAddr::new(start + offset))
        })
    }
}

fn vendor_crc(vendor: PhysAddr) -> Result<u32> {
    let bytes = ffi::read_physical(vendor, 2 * VENDOR_UNITS)?;
    let units = bytes.chunks_exact(2).take_while(|unit| unit != &[0, 0]);
    Ok(ffi::crc32(
        bytes.get(..2 * units.count()).unwrap_or_default(),
    ))
}
