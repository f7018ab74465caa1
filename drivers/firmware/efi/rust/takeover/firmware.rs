// SPDX-License-Identifier: GPL-2.0

//! The firmware's description of itself, read from its memory.

#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::plan::user::functions::Functions;
use crate::{
    arch::Architecture,
    buffer::filled,
    failure::Failure,
    ffi::{
        self,
        BootFacts,
        FirmwareMemory,
        SystemTable,
        TakeOver,
        FW_BUG, //
    },
    plan::{
        base::{
            addr::{
                PhysAddr,
                PhysRange,
                VirtAddr, //
            },
            bytes::u32_at,
        },
        choice::{
            fresh::SvamOnce,
            quirk::{
                quirk,
                Quirk, //
            },
        },
        firmware::{
            entry_point::{
                EntryPoint,
                ENTRY_POINT_SIZE, //
            },
            memattr::{
                self,
                AttributesError, //
            },
            memmap::MemoryMap,
            owner::BootServices,
            runtime::{
                self,
                RuntimeTable, //
            },
            service::{
                self,
                Services, //
            },
            width::{
                self,
                Width, //
            }, //
        },
        handover::wire::Identity,
        map::{
            collect::collect,
            entry::Entry,
            region::Region, //
        },
    },
    this_arch::Arch, //
};
use kernel::prelude::*;

/// UTF-16 units of the vendor string that are looked at.
const VENDOR_UNITS: usize = 100;

/// The firmware and what the boot has left of it.
pub(crate) struct Firmware<'a> {
    take_over: &'a TakeOver,
    pub(crate) memory: FirmwareMemory,
    pub(crate) identity: Identity,
    /// The runtime services table as the system table has it: once SVAM has been called with
    /// fixed addresses, that is one.
    pub(crate) runtime: VirtAddr,
    pub(crate) config: PhysAddr,
    pub(crate) vendor: PhysAddr,
    /// Services that neither RT_PROPERTIES excludes nor the revision of UEFI.
    pub(crate) supported: Services,
    pub(crate) width: Width,
    attributes: Option<PhysAddr>,
    smbios: Option<PhysAddr>,
}

impl<'a> Firmware<'a> {
    /// Reads what there is.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the system table is not in memory of the firmware's, or memory is short.
    pub(crate) fn read(
        take_over: &'a TakeOver,
        memory: FirmwareMemory,
        systab: PhysAddr,
        boot: &BootFacts,
    ) -> Result<Self, Failure> {
        // Without it there is no reason to look at firmware's tables.
        memory.map()?;
        let (width, layout) = if boot.mixed {
            (Width::Bits32, SystemTable::BITS_32)
        } else {
            (Width::Bits64, SystemTable::BITS_64)
        };
        let boot_services = if Arch::CALLS_SVAM && !boot.kexec {
            BootServices::Intact
        } else {
            BootServices::Gone
        };
        let table = memory.read(take_over, systab, layout.size, boot_services)?;
        let pointers = ffi::pointers(take_over, &table);
        let vendor = PhysAddr::new(pointers.fw_vendor);
        let vendor_crc = vendor_crc(take_over, &memory, vendor);
        Ok(Self {
            take_over,
            memory,
            identity: Identity {
                systab,
                revision: u32_at(&table, layout.revision).ok_or(EINVAL)?,
                vendor_crc,
            },
            runtime: VirtAddr::new(width.pointer_at(&table, layout.runtime).ok_or(EINVAL)?),
            config: PhysAddr::new(pointers.config_table),
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
    /// A [`Failure`] if there is none, or it cannot be one.
    pub(crate) fn map(&self) -> Result<MemoryMap<'_>, Failure> {
        self.memory.map()
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
        filled(Region::BLANK, map.len(), |regions| {
            collect(map, boot_services, regions)
        })
    }

    /// The kind that the machine needs. Only while firmware is unconverted, as `_once` shows: it
    /// may convert the addresses that lead there, and boot services memory is intact.
    pub(crate) fn quirk(&self, _once: &SvamOnce) -> Option<Quirk> {
        let read = |address, most| {
            let bytes = self.copy(address, most, BootServices::Intact);
            let refuse = |error: &Failure| {
                pr_warn!("SMBIOS: {}, no quirk looked for\n", format_args!("{error}"));
            };
            bytes.inspect_err(refuse).ok()
        };
        let entry_point = read(self.smbios?, ENTRY_POINT_SIZE)?;
        let entry_point = EntryPoint::read(&entry_point)?;
        let table = read(entry_point.table, entry_point.length)?;
        quirk(&table)
    }

    /// The memory attributes table, if it can be used. What is wrong with it costs only the
    /// permissions it would have given.
    pub(crate) fn attributes(&self) -> Option<KVVec<u8>> {
        let address = self.attributes?;
        let refuse = |error: &Failure| {
            pr_warn!(
                "memory attributes table at {}: {}, not used\n",
                format_args!("{address}"),
                format_args!("{error}")
            );
        };
        self.read_attributes(address).inspect_err(refuse).ok()
    }

    fn read_attributes(&self, address: PhysAddr) -> Result<KVVec<u8>, Failure> {
        // Kernels keep its memory. They forget that they do if the memory is beyond `mem=`.
        let read = |most| self.copy(address, most, BootServices::IntactOutsideRam);
        let header = read(memattr::HEADER_SIZE)?;
        let expected = memattr::Header::new(&header)?.table_size();
        let table = read(expected)?;
        let got = table.len();
        if got < expected {
            Err(AttributesError::Truncated { expected, got })?;
        }
        Ok(table)
    }

    /// Tells if SVAM may be called, if it has not been: firmware does not exclude it, and the pointer
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

    /// The addresses of the services in the runtime services table at `runtime`, for a map that has
    /// `entries`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no such table.
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    pub(crate) fn functions(
        &self,
        runtime: PhysAddr,
        entries: &[Entry],
    ) -> Result<Functions, Failure> {
        let table = self.runtime_table(runtime, entries.iter().map(|entry| entry.phys))?;
        Ok(Functions::new(&RuntimeTable::new(&table, self.width)?))
    }

    /// Reads the runtime services table at `addr`, if that is in `ranges`.
    fn runtime_table(
        &self,
        addr: PhysAddr,
        ranges: impl Iterator<Item = PhysRange> + Clone,
    ) -> Result<KVVec<u8>, Failure> {
        runtime::check_place(addr, width::HEADER_SIZE, ranges.clone())?;
        let most = self.width.table_size();
        let table = self.copy(addr, most, BootServices::Gone)?;
        let size = RuntimeTable::size(&table, self.width)?;
        runtime::check_place(addr, size, ranges)?;
        Ok(table)
    }

    /// See [`FirmwareMemory::read`].
    fn copy(
        &self,
        addr: PhysAddr,
        most: usize,
        boot_services: BootServices,
    ) -> Result<KVVec<u8>, Failure> {
        (self.memory).read(self.take_over, addr, most, boot_services)
    }
}

/// The checksum of the string at `vendor`, which all kernels must find alike: it counts if it ends
/// in memory that they leave to firmware. 0 otherwise.
fn vendor_crc(take_over: &TakeOver, memory: &FirmwareMemory, vendor: PhysAddr) -> u32 {
    if vendor == PhysAddr::new(0) {
        return 0;
    }
    let bytes = match memory.read(take_over, vendor, 2 * VENDOR_UNITS, BootServices::Gone) {
        Ok(bytes) => bytes,
        Err(error) => {
            pr_warn!("firmware's vendor: {}, not used\n", format_args!("{error}"));
            return 0;
        }
    };
    let units = bytes.chunks_exact(2).take_while(|unit| unit != &[0, 0]);
    let length = 2 * units.count();
    if length + 2 > bytes.len() && bytes.len() < 2 * VENDOR_UNITS {
        pr_warn!(
            "firmware's vendor: its name does not end in memory of the firmware's, not used\n"
        );
        return 0;
    }
    ffi::crc32(bytes.get(..length).unwrap_or_default())
}
