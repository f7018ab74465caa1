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
            PhysRange,
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
            quirk,
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
        service::{
            self,
            Services, //
        },
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
    /// Services that neither RT_PROPERTIES excludes nor the revision of UEFI.
    pub(crate) supported: Services,
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
            supported: service::of_revision(boot.revision, Services::from_bits(boot.supported)),
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
        quirk(&table)
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
        if !self.supported.contains(&service::SVAM) {
            return Ok(false);
        }
        let table =
            self.runtime_table(PhysAddr::new(self.runtime.value()), map.runtime_ranges())?;
        let checked = RuntimeTable::new(&table, self.width)?.check_svam(map);
        if let Err(stray) = checked {
            pr_warn!("{FW_BUG}SVAM is not called: {}\n", format_args!("{stray}"));
        }
        Ok(checked.is_ok())
    }

    /// The services whose pointers in the runtime services table at `runtime` are not code in
    /// `entries`. Why one of those that firmware claims to have is among them is printed.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no such table.
    pub(crate) fn strays(&self, runtime: PhysAddr, entries: &[Entry]) -> Result<Services, Failure> {
        let table = self.runtime_table(runtime, entries.iter().map(|entry| entry.phys))?;
        let table = RuntimeTable::new(&table, self.width)?;
        if let Some(flaw) = table.flaw(ffi::crc32) {
            pr_warn!(
                "{FW_BUG}runtime services table: {}\n",
                format_args!("{flaw}")
            );
        }
        let mut strays = Services::NONE;
        for (service, stray) in table.strays(entries) {
            strays = strays.with(service.into());
            if self.supported.contains(service) {
                pr_warn!(
                    "{FW_BUG}{} is off: {}\n",
                    service.name,
                    format_args!("{stray}")
                );
            }
        }
        Ok(strays)
    }

    /// Reads the runtime services table at `addr`, if that is in `ranges`.
    fn runtime_table(
        &self,
        addr: PhysAddr,
        ranges: impl Iterator<Item = PhysRange> + Clone,
    ) -> Result<KVVec<u8>, Failure> {
        runtime::check_place(addr, runtime::HEADER_SIZE, ranges.clone())?;
        let header = ffi::read_physical(addr, runtime::HEADER_SIZE)?;
        let size = RuntimeTable::size(&header, self.width)?;
        runtime::check_place(addr, size, ranges)?;
        Ok(ffi::read_physical(addr, size)?)
    }
}

fn vendor_crc(vendor: PhysAddr) -> Result<u32> {
    let bytes = ffi::read_physical(vendor, 2 * VENDOR_UNITS)?;
    let units = bytes.chunks_exact(2).take_while(|unit| unit != &[0, 0]);
    Ok(ffi::crc32(
        bytes.get(..2 * units.count()).unwrap_or_default(),
    ))
}
