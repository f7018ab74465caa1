// SPDX-License-Identifier: GPL-2.0

//! The runtime services table (UEFI 2.10, section 4.5): the pointers that firmware is called by.

mod width;

use super::{
    addr::{
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    bytes::{
        u32_at,
        u64_at, //
    },
    entry::Entry,
    memmap::MemoryMap,
    memtype::MemoryType,
    service::{
        self,
        Service, //
    },
    wire::Crc32,
};
use core::fmt;

pub(crate) use self::width::Width;

/// Bytes of the header.
const HEADER_SIZE: usize = 24;

const SIGNATURE: u64 = u64::from_le_bytes(*b"RUNTSERV");
const HEADER_SIZE_OFFSET: usize = 12;
const CRC_OFFSET: usize = 16;

/// Why firmware is not called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PointerError {
    /// The table lies where firmware has no memory at run time.
    NotMapped(VirtAddr),
    /// What lies there is something else.
    Signature(u64),
    Null(&'static str),
    NotExecutable(&'static str, VirtAddr),
}

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMapped(addr) => {
                write!(f, "the runtime services table at {addr} is in no range")
            }
            Self::Signature(signature) => write!(
                f,
                "the runtime services table has the signature {signature:#x}, not {SIGNATURE:#x}"
            ),
            Self::Null(name) => write!(f, "firmware's pointer to {name} is NULL"),
            Self::NotExecutable(name, addr) => {
                write!(f, "{name} at {addr} is in no executable range")
            }
        }
    }
}

/// What is wrong with the header, but no reason not to call firmware: nothing depends on it, while
/// the pointers are checked themselves. Old U-Boot gives the size of the header for that of the
/// table, and drivers that replace a pointer are known to leave the CRC as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeaderFlaw {
    Size(u32, Width),
    Crc { found: u32, computed: u32 },
}

impl fmt::Display for HeaderFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size, width) => {
                let (old, new) = (width.old_table_size(), width.table_size());
                write!(f, "its size {size} is neither {old} nor {new}")
            }
            Self::Crc { found, computed } => {
                write!(
                    f,
                    "its CRC is {found:#010x}, and should be {computed:#010x}"
                )
            }
        }
    }
}

/// Checks that the table at `addr` is in memory that firmware has at run time: `ranges` hold its
/// first byte and its last, if its pointers are as wide as `width`.
///
/// # Errors
///
/// [`PointerError::NotMapped`] if not.
pub(crate) fn check_place(
    addr: PhysAddr,
    width: Width,
    ranges: impl Iterator<Item = PhysRange> + Clone,
) -> Result<(), PointerError> {
    let holds = |addr: u64| ranges.clone().any(|r| r.contains_addr(PhysAddr::new(addr)));
    let last = u64::try_from(width.table_size() - 1).ok();
    let last = last.and_then(|last| addr.value().checked_add(last));
    if holds(addr.value()) && last.is_some_and(holds) {
        Ok(())
    } else {
        Err(PointerError::NotMapped(addr.identity()))
    }
}

/// The table.
///
/// # Invariants
///
/// `bytes` begins with the signature, and is as long as a table of this `width`.
pub(crate) struct RuntimeTable<'a> {
    bytes: &'a [u8],
    width: Width,
}

impl<'a> RuntimeTable<'a> {
    /// Takes `bytes` as the table of firmware with pointers of this `width`.
    ///
    /// # Errors
    ///
    /// [`PointerError::Signature`] if it is none.
    pub(crate) fn new(bytes: &'a [u8], width: Width) -> Result<Self, PointerError> {
        let signature = u64_at(bytes, 0).unwrap_or(0);
        let table = bytes
            .get(..width.table_size())
            .filter(|_| signature == SIGNATURE);
        // INVARIANT: it does, and it is.
        let bytes = table.ok_or(PointerError::Signature(signature))?;
        Ok(Self { bytes, width })
    }

    /// What is wrong with the header, if anything is.
    pub(crate) fn flaw(&self, crc: Crc32) -> Option<HeaderFlaw> {
        let size = u32_at(self.bytes, HEADER_SIZE_OFFSET)?;
        let found = u32_at(self.bytes, CRC_OFFSET)?;
        let mut bytes = [0; Width::Bits64.table_size()];
        bytes
            .get_mut(..self.bytes.len())?
            .copy_from_slice(self.bytes);
        bytes.get_mut(CRC_OFFSET..)?.first_chunk_mut::<4>()?.fill(0);
        let sizes = [self.width.old_table_size(), self.width.table_size()];
        let used = usize::try_from(size)
            .ok()
            .filter(|size| sizes.contains(size))
            .and_then(|size| bytes.get(..size));
        match used.map(crc) {
            None => Some(HeaderFlaw::Size(size, self.width)),
            Some(computed) if computed != found => Some(HeaderFlaw::Crc { found, computed }),
            Some(_) => None,
        }
    }

    /// Where the table has `service`.
    fn pointer(&self, service: &Service) -> VirtAddr {
        let offset = HEADER_SIZE + service.slot * self.width.pointer_size();
        // Every slot is within the table.
        VirtAddr::new(self.width.pointer_at(self.bytes, offset).unwrap_or(0))
    }

    /// Checks that each service of those that `supported` has bits for is code in `entries`, as
    /// FreeBSD does for GetTime: firmware that was never converted, or converted to something else,
    /// is found out before it is called.
    ///
    /// Not so SVAM: once it has been called, it is nowhere in particular, and nobody calls it again.
    ///
    /// # Errors
    ///
    /// A [`PointerError`] that names the first service that is not.
    pub(crate) fn check_services(
        &self,
        entries: &[Entry],
        supported: u32,
    ) -> Result<(), PointerError> {
        let called = service::CALLED.iter();
        for service in called.filter(|service| supported & service.bit != 0) {
            let addr = self.pointer(service);
            // Even if there is code at 0.
            if addr.value() == 0 {
                return Err(PointerError::Null(service.name));
            }
            if !entries.iter().any(|entry| entry.executes_at(addr)) {
                return Err(PointerError::NotExecutable(service.name, addr));
            }
        }
        Ok(())
    }

    /// Checks that SVAM, which has not been called, is code in `map`. That of boot services counts:
    /// it is there until SVAM has been called, and firmware is known to rely on it.
    ///
    /// # Errors
    ///
    /// A [`PointerError`] if it is not.
    pub(crate) fn check_svam(&self, map: &MemoryMap<'_>) -> Result<(), PointerError> {
        let addr = self.pointer(&service::SVAM);
        if addr.value() == 0 {
            return Err(PointerError::Null(service::SVAM.name));
        }
        let mut code = map
            .iter()
            .filter(|d| {
                matches!(
                    d.ty,
                    MemoryType::RUNTIME_SERVICES_CODE | MemoryType::BOOT_SERVICES_CODE
                )
            })
            .filter_map(|d| d.range().ok());
        if code.any(|range| range.contains_addr(PhysAddr::new(addr.value()))) {
            Ok(())
        } else {
            Err(PointerError::NotExecutable(service::SVAM.name, addr))
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_runtime)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        addr::RangeError,
        fixtures::{
            code,
            crc32,
            data,
            descriptor,
            entry,
            range,
            MapBytes, //
        },
        perm::Permission,
    };

    const TABLE_SIZE: usize = Width::Bits64.table_size();
    const ALL: u32 = 0x3fff;
    const CODE: u64 = 0x20_0000;

    /// A table with a right CRC, whose pointers are those into a page of code that `pointer` does
    /// not replace.
    fn table(pointer: impl Fn(usize) -> Option<u64>) -> [u8; TABLE_SIZE] {
        sized(TABLE_SIZE as u32, pointer)
    }

    fn sized(size: u32, pointer: impl Fn(usize) -> Option<u64>) -> [u8; TABLE_SIZE] {
        let mut bytes = [0; TABLE_SIZE];
        bytes[..8].copy_from_slice(b"RUNTSERV");
        bytes[12..16].copy_from_slice(&size.to_le_bytes());
        for (slot, field) in bytes[HEADER_SIZE..].chunks_exact_mut(8).enumerate() {
            let address = pointer(slot).unwrap_or(CODE + 0x10 * slot as u64);
            field.copy_from_slice(&address.to_le_bytes());
        }
        let crc = crc32(&bytes[..TABLE_SIZE.min(size as usize)]);
        bytes[16..20].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The entries of a page of data at 1 MiB and one of code at 2 MiB, which firmware has at 3 MiB.
    fn entries() -> Result<[Entry; 2], RangeError> {
        let code = Entry {
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            permission: Permission::ReadExecute,
            ..entry(CODE, 0x30_0000, 1)?
        };
        Ok([entry(0x10_0000, 0x40_0000, 1)?, code])
    }

    fn check(bytes: &[u8], supported: u32) -> Result<Result<(), PointerError>, RangeError> {
        let entries = entries()?;
        let table = RuntimeTable::new(bytes, Width::Bits64);
        Ok(table.and_then(|table| table.check_services(&entries, supported)))
    }

    #[test]
    fn services_are_code_in_the_map() -> Result<(), RangeError> {
        assert_eq!(check(&table(|_| None), ALL)?, Ok(()));
        let converted = table(|slot| Some(0x30_0000 + slot as u64));
        assert_eq!(check(&converted, ALL)?, Ok(()));
        Ok(())
    }

    #[test]
    fn each_stray_pointer_is_named() -> Result<(), RangeError> {
        for service in &service::CALLED {
            for stray in [0x10_0000, 0x40_0000, CODE - 1, CODE + 0x1000, u64::MAX] {
                let bytes = table(|slot| (slot == service.slot).then_some(stray));
                let error = PointerError::NotExecutable(service.name, VirtAddr::new(stray));
                assert_eq!(check(&bytes, ALL)?, Err(error));
                assert_eq!(check(&bytes, ALL & !service.bit)?, Ok(()));
            }
            let bytes = table(|slot| (slot == service.slot).then_some(0));
            assert_eq!(check(&bytes, ALL)?, Err(PointerError::Null(service.name)));
            assert_eq!(check(&bytes, ALL & !service.bit)?, Ok(()));
        }
        Ok(())
    }

    #[test]
    fn what_firmware_calls_itself_may_lie_anywhere() -> Result<(), RangeError> {
        for anywhere in [0, 0x90_0000] {
            let bytes = table(|slot| matches!(slot, 4 | 5).then_some(anywhere));
            assert_eq!(check(&bytes, ALL)?, Ok(()));
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
        let result = RuntimeTable::new(&bytes, Width::Bits64)
            .map(|table| table.check_services(&[at_0], ALL));
        assert_eq!(result, Ok(Err(PointerError::Null("GetTime"))));
        let bytes = table(|slot| Some(1 + slot as u64));
        let result = RuntimeTable::new(&bytes, Width::Bits64)
            .map(|table| table.check_services(&[at_0], ALL));
        assert_eq!(result, Ok(Ok(())));
        Ok(())
    }

    #[test]
    fn refuses_what_is_no_table() {
        let good = table(|_| None);
        for at in 0..8 {
            let mut bytes = good;
            bytes[at] ^= 0x20;
            let signature = SIGNATURE ^ (0x20 << (8 * at));
            let error = Some(PointerError::Signature(signature));
            assert_eq!(RuntimeTable::new(&bytes, Width::Bits64).err(), error);
        }
        let short = RuntimeTable::new(&good[..TABLE_SIZE - 1], Width::Bits64);
        assert!(short.is_err() && RuntimeTable::new(&[], Width::Bits64).is_err());
    }

    /// What is wrong with the header of the table, [`None`] if it is none.
    fn flaw(bytes: &[u8]) -> Option<Option<HeaderFlaw>> {
        Some(RuntimeTable::new(bytes, Width::Bits64).ok()?.flaw(crc32))
    }

    #[test]
    fn a_wrong_crc_is_told() {
        let good = table(|_| None);
        assert_eq!(flaw(&good), Some(None));
        for at in 8..TABLE_SIZE {
            let mut bytes = good;
            bytes[at] ^= 1;
            let found = flaw(&bytes).flatten();
            assert_eq!(
                matches!(found, Some(HeaderFlaw::Size(..))),
                matches!(at, 12..16)
            );
            assert!(found.is_some());
        }
        let mut bytes = good;
        bytes[16] ^= 1;
        let computed = u32_at(&good, 16).unwrap_or(0);
        let found = computed ^ 1;
        assert_eq!(
            flaw(&bytes),
            Some(Some(HeaderFlaw::Crc { found, computed }))
        );
    }

    #[test]
    fn a_table_may_be_older_but_not_of_any_size() {
        assert_eq!(flaw(&sized(112, |_| None)), Some(None));
        for size in [0, 24, 111, 113, 135, 137, u32::MAX] {
            let bytes = sized(size, |_| None);
            assert_eq!(
                flaw(&bytes),
                Some(Some(HeaderFlaw::Size(size, Width::Bits64)))
            );
        }
    }

    #[test]
    fn pointers_of_32_bit_firmware_are_half_as_wide() -> Result<(), RangeError> {
        let mut bytes = [0; Width::Bits32.table_size()];
        bytes[..8].copy_from_slice(b"RUNTSERV");
        bytes[12..16].copy_from_slice(&80_u32.to_le_bytes());
        for (slot, field) in bytes[HEADER_SIZE..].chunks_exact_mut(4).enumerate() {
            field.copy_from_slice(&(CODE as u32 + slot as u32).to_le_bytes());
        }
        let crc = crc32(&bytes);
        bytes[16..20].copy_from_slice(&crc.to_le_bytes());

        let entries = entries()?;
        let table = RuntimeTable::new(&bytes, Width::Bits32);
        let checks = table.map(|table| (table.check_services(&entries, ALL), table.flaw(crc32)));
        assert_eq!(checks, Ok((Ok(()), None)));
        assert!(RuntimeTable::new(&bytes, Width::Bits64).is_err());

        bytes[76..80].copy_from_slice(&u32::MAX.to_le_bytes());
        let table = RuntimeTable::new(&bytes, Width::Bits32);
        let last = PointerError::NotExecutable("QueryVariableInfo", VirtAddr::new(0xffff_ffff));
        let result = table.and_then(|table| table.check_services(&entries, ALL));
        assert_eq!(result, Err(last));
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
            let table = table(|slot| (slot == 4).then_some(addr));
            let table = RuntimeTable::new(&table, Width::Bits64);
            table.and_then(|table| table.check_svam(&bytes.map()))
        };
        for addr in [CODE, CODE + 0xfff, 0x30_0000] {
            assert_eq!(check(addr), Ok(()));
        }
        for addr in [1, CODE - 1, CODE + 0x1000, 0x40_0000, 0x50_0000, 0x60_0000] {
            let error = PointerError::NotExecutable("SVAM", VirtAddr::new(addr));
            assert_eq!(check(addr), Err(error));
        }
        assert_eq!(check(0), Err(PointerError::Null("SVAM")));
    }

    #[test]
    fn the_table_lies_in_the_map() -> Result<(), RangeError> {
        let ranges = [
            range(0x10_0000, 1)?,
            range(0x10_1000, 1)?,
            range(0x20_0000, 1)?,
        ];
        let check = |addr| check_place(PhysAddr::new(addr), Width::Bits64, ranges.into_iter());
        for addr in [0x10_0000, 0x10_0fff, 0x10_1f78, 0x20_0f78] {
            assert_eq!(check(addr), Ok(()));
        }
        for addr in [0, 0xf_ffff, 0x10_1f79, 0x20_0f79, 0x20_1000, u64::MAX] {
            assert_eq!(
                check(addr),
                Err(PointerError::NotMapped(VirtAddr::new(addr)))
            );
        }
        Ok(())
    }
}
