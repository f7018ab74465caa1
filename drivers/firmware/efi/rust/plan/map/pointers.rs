// SPDX-License-Identifier: GPL-2.0

//! The pointers in the runtime services table. A wrong pointer costs only its own service.

use crate::plan::{
    base::addr::{
        PhysAddr,
        VirtAddr, //
    },
    firmware::{
        memmap::MemoryMap,
        memtype::MemoryType,
        runtime::RuntimeTable,
        service::{
            self,
            Service,
            Services, //
        }, //
    },
    map::{
        entry::Entry,
        region::Region, //
    },
};
use core::fmt;

/// The reason why a service cannot be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stray {
    /// The table ends before the service.
    Absent,
    Null,
    NotExecutable(VirtAddr),
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("it is not in the runtime services table"),
            Self::Null => f.write_str("its pointer is NULL"),
            Self::NotExecutable(addr) => {
                write!(f, "its pointer {addr} leads to no executable range")
            }
        }
    }
}

/// Finds the table that the system table has at `addr`. Firmware was converted to `regions`. SVAM
/// of some firmware converts nothing (CrabEFI): then the address is physical.
pub(crate) fn find(addr: VirtAddr, regions: &[Region]) -> Option<PhysAddr> {
    let converted = regions.iter().find_map(|region| {
        let offset = region.offset_of(addr)?;
        let found = region.phys.start().value().checked_add(offset)?;
        Some(PhysAddr::new(found))
    });
    let kept = PhysAddr::new(addr.value());
    let kept = regions
        .iter()
        .any(|region| region.phys.contains_addr(kept))
        .then_some(kept);
    converted.or(kept)
}

impl RuntimeTable<'_> {
    /// The services whose pointers are not code in `entries`. They show firmware that was never
    /// converted, or was converted to other addresses, before it is called. FreeBSD does so for
    /// GetTime.
    ///
    /// SVAM is not checked: after its call it may be anywhere, and nobody calls it again.
    pub(crate) fn strays(
        &self,
        entries: &[Entry],
    ) -> impl Iterator<Item = (&'static Service, Stray)> + '_ {
        // One pass through the entries: there may be many, and few of them are code.
        let code = entries.iter().filter(|entry| entry.permission.executes());
        let good = code.fold(Services::NONE, |good, entry| {
            let is_here = |addr| entry.executes_at(addr);
            let here = service::CALLED
                .iter()
                .filter(|service| self.pointer(service).is_some_and(is_here));
            here.fold(good, |good, service| good.with(service.into()))
        });
        service::CALLED.iter().filter_map(move |service| {
            let stray = self.check(service, |_| good.contains(service)).err()?;
            Some((service, stray))
        })
    }

    /// Checks that SVAM is code in `map`. SVAM has not been called. Boot services code counts too:
    /// it is intact until SVAM has been called, and firmware is known to rely on it.
    ///
    /// # Errors
    ///
    /// A [`Stray`] if SVAM is not code.
    pub(crate) fn check_svam(&self, map: &MemoryMap<'_>) -> Result<(), Stray> {
        let mut code = map
            .iter()
            .filter(|d| {
                matches!(
                    d.ty,
                    MemoryType::RUNTIME_SERVICES_CODE | MemoryType::BOOT_SERVICES_CODE
                )
            })
            .filter_map(|d| d.range().ok());
        self.check(&service::SVAM, |addr| {
            code.any(|range| range.contains_addr(PhysAddr::new(addr.value())))
        })
    }

    fn check(
        &self,
        service: &Service,
        is_code: impl FnOnce(VirtAddr) -> bool,
    ) -> Result<(), Stray> {
        match self.pointer(service) {
            None => Err(Stray::Absent),
            // NULL is no pointer, even if there is code at 0.
            Some(addr) if addr == VirtAddr::new(0) => Err(Stray::Null),
            Some(addr) if is_code(addr) => Ok(()),
            Some(addr) => Err(Stray::NotExecutable(addr)),
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_runtime_pointer)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        firmware::{
            perm::Permission,
            runtime_fixtures::{
                sized,
                table,
                CODE,
                TABLE_SIZE, //
            },
            service::of_revision,
            width::Width, //
        },
        fixtures::{
            code,
            crc32,
            data,
            descriptor,
            entry,
            range,
            region,
            MapBytes, //
        },
    };

    /// The entries of a page of data at 1 MiB and of a page of code at 2 MiB, whose address is 3
    /// MiB.
    fn entries() -> Result<[Entry; 2], RangeError> {
        let code = Entry {
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            permission: Permission::ReadExecute,
            ..entry(CODE, 0x30_0000, 1)?
        };
        Ok([entry(0x10_0000, 0x40_0000, 1)?, code])
    }

    /// The strays of `bytes`: a set, and the reason for the first. [`None`] if there is no table.
    fn strays(bytes: &[u8], width: Width, entries: &[Entry]) -> Option<(Services, Option<Stray>)> {
        let table = RuntimeTable::new(bytes, width).ok()?;
        let set = table
            .strays(entries)
            .fold(Services::NONE, |set, (service, _)| set.with(service.into()));
        let first = table.strays(entries).next().map(|(_, stray)| stray);
        Some((set, first))
    }

    #[test]
    fn services_are_code_in_the_map() -> Result<(), RangeError> {
        let converted = table(|slot| Some(0x30_0000 + slot as u64));
        for bytes in [table(|_| None), converted] {
            let found = strays(&bytes, Width::Bits64, &entries()?);
            assert_eq!(found, Some((Services::NONE, None)));
        }
        Ok(())
    }

    #[test]
    fn each_stray_pointer_costs_its_service() -> Result<(), RangeError> {
        for service in &service::CALLED {
            for stray in [0, 0x10_0000, 0x40_0000, CODE - 1, CODE + 0x1000, u64::MAX] {
                let bytes = table(|slot| (slot == service.slot).then_some(stray));
                let reason = match stray {
                    0 => Stray::Null,
                    _ => Stray::NotExecutable(VirtAddr::new(stray)),
                };
                let found = strays(&bytes, Width::Bits64, &entries()?);
                assert_eq!(found, Some((service.into(), Some(reason))));
            }
        }
        Ok(())
    }

    #[test]
    fn what_firmware_calls_itself_may_lie_anywhere() -> Result<(), RangeError> {
        for anywhere in [0, 0x90_0000] {
            let bytes = table(|slot| matches!(slot, 4 | 5).then_some(anywhere));
            let found = strays(&bytes, Width::Bits64, &entries()?);
            assert_eq!(found, Some((Services::NONE, None)));
        }
        Ok(())
    }

    #[test]
    fn null_is_null_even_where_there_is_code() -> Result<(), RangeError> {
        let [_, code] = entries()?;
        let at_0 = Entry {
            phys: range(0, 1)?,
            virt: VirtAddr::new(0),
            ..code
        };
        let bytes = table(|slot| Some(slot as u64));
        let found = strays(&bytes, Width::Bits64, &[at_0]);
        assert_eq!(found, Some((Services::from_bits(1), Some(Stray::Null))));
        let bytes = table(|slot| Some(1 + slot as u64));
        let found = strays(&bytes, Width::Bits64, &[at_0]);
        assert_eq!(found, Some((Services::NONE, None)));
        Ok(())
    }

    #[test]
    fn pointers_of_32_bit_firmware_are_half_as_wide() -> Result<(), RangeError> {
        let entries = entries()?;
        let mut bytes = sized(Width::Bits32, 80, |_| None);
        let found = strays(&bytes[..80], Width::Bits32, &entries);
        assert_eq!(found, Some((Services::NONE, None)));
        // A wide table cannot have 80 bytes, so it counts as a table of full size.
        assert!(RuntimeTable::new(&bytes[..80], Width::Bits64).is_err());

        bytes[76..80].copy_from_slice(&u32::MAX.to_le_bytes());
        let last = Stray::NotExecutable(VirtAddr::new(0xffff_ffff));
        let found = strays(&bytes[..80], Width::Bits32, &entries);
        assert_eq!(found, Some((Services::from_bits(1 << 13), Some(last))));
        Ok(())
    }

    /// A table of EFI 1.10, with the values of such firmware.
    struct Old {
        width: Width,
        header_size: u32,
        /// Words behind the table.
        behind: [u64; 3],
        /// The services that the table lacks, as bits.
        absent: u32,
    }

    #[test]
    fn old_firmware_has_fewer_services() -> Result<(), RangeError> {
        const REVISION: u32 = 0x1_000a;
        let entries = entries()?;
        for old in [
            // Apple.
            Old {
                width: Width::Bits64,
                header_size: 112,
                behind: [0x6c61_7470, 0x98, 0x6468_6472],
                absent: 7 << 11,
            },
            // The words behind the table are no pointers, even if they look like pointers.
            Old {
                width: Width::Bits64,
                header_size: 112,
                behind: [CODE, CODE, CODE],
                absent: 7 << 11,
            },
            // Tiano: the twelfth pointer is ReportStatusCode, and is not called.
            Old {
                width: Width::Bits64,
                header_size: 120,
                behind: [CODE, 0x6c61_7470, 0xa0],
                absent: 3 << 12,
            },
            // Apple's table of 2006.
            Old {
                width: Width::Bits32,
                header_size: 68,
                behind: [0x6c61_7470, 0x6c, 0x6468_6472],
                absent: 7 << 11,
            },
        ] {
            let size = old.header_size as usize;
            let bytes = sized(old.width, old.header_size, |slot| match slot {
                11.. => old.behind.get(slot - 11).copied(),
                _ => None,
            });
            let (off, reason) = strays(&bytes, old.width, &entries).unwrap_or_default();
            let absent = Services::from_bits(old.absent);
            assert_eq!((off, reason), (absent, Some(Stray::Absent)));
            // The kernel calls none of the absent services.
            let called = of_revision(REVISION, Services::from_bits(service::ALL));
            assert_eq!(called.without(off), called);
            assert_eq!(called.called().count(), 9);
            // The table can end where memory ends.
            let table = RuntimeTable::new(&bytes[..size], old.width);
            assert_eq!(table.map(|table| table.flaw(crc32)), Ok(None));
        }
        Ok(())
    }

    #[test]
    fn svam_is_code_until_it_is_called() {
        let boot = |ty| descriptor(ty, 0x30_0000, 1);
        let bytes = MapBytes::new(&[
            code(CODE, 1),
            boot(MemoryType::BOOT_SERVICES_CODE),
            data(0x40_0000, 1),
            descriptor(MemoryType::BOOT_SERVICES_DATA, 0x50_0000, 1),
            code(0x60_0000, 1 << 52),
        ]);
        let check = |addr| {
            let table: [u8; TABLE_SIZE] = table(|slot| (slot == 4).then_some(addr));
            let table = RuntimeTable::new(&table, Width::Bits64);
            table.map(|table| table.check_svam(&bytes.map()))
        };
        for addr in [CODE, CODE + 0xfff, 0x30_0000] {
            assert_eq!(check(addr), Ok(Ok(())));
        }
        for addr in [1, CODE - 1, CODE + 0x1000, 0x40_0000, 0x50_0000, 0x60_0000] {
            let error = Stray::NotExecutable(VirtAddr::new(addr));
            assert_eq!(check(addr), Ok(Err(error)));
        }
        assert_eq!(check(0), Ok(Err(Stray::Null)));
    }

    #[test]
    fn the_table_is_found_whatever_svam_has_done() -> Result<(), RangeError> {
        const HIGH: u64 = 0xffff_fffe_0000_0000;
        let regions = [region(0x5000, 0x9000)?, region(0x9000, HIGH)?];
        for (addr, found) in [
            (HIGH + 0x18, Some(0x9018)),
            (HIGH + 0xfff, Some(0x9fff)),
            // The address is physical, so SVAM has not converted it.
            (0x5018, Some(0x5018)),
            // Two regions have this address. The one that was given it counts.
            (0x9018, Some(0x5018)),
            (0x4fff, None),
            (HIGH + 0x1000, None),
            (u64::MAX, None),
        ] {
            let addr = VirtAddr::new(addr);
            assert_eq!(find(addr, &regions), found.map(PhysAddr::new));
        }
        Ok(())
    }
}
