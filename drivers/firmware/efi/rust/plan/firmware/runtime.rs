// SPDX-License-Identifier: GPL-2.0

//! The runtime services table (UEFI 2.10, section 4.5): the pointers to firmware's services.

use crate::plan::{
    base::{
        addr::{
            PhysAddr,
            PhysRange,
            VirtAddr, //
        },
        bytes::{
            u32_at,
            u64_at,
            Crc32, //
        },
    },
    firmware::{
        service::Service,
        width::{
            Width,
            HEADER_SIZE, //
        },
    },
};
use core::fmt;

const SIGNATURE: u64 = u64::from_le_bytes(*b"RUNTSERV");
const HEADER_SIZE_OFFSET: usize = 12;
const CRC_OFFSET: usize = 16;

/// The reason why no pointer of the table can be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TableError {
    /// The table is outside the memory that firmware has at run time.
    NotMapped(VirtAddr),
    /// There is no such table at this place.
    Signature(u64),
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMapped(addr) => {
                write!(f, "the runtime services table at {addr} is in no range")
            }
            Self::Signature(signature) => write!(
                f,
                "the runtime services table has the signature {signature:#x}, not {SIGNATURE:#x}"
            ),
        }
    }
}

/// A flaw of the header. It is no reason not to call firmware: nothing depends on the header, and
/// the pointers are checked themselves. Old U-Boot gives the size of the header instead of the
/// table's, and drivers that replace a pointer are known to leave the CRC unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeaderFlaw {
    Size(u32),
    Crc { found: u32, computed: u32 },
}

impl fmt::Display for HeaderFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => write!(f, "its size {size} is none that such a table has"),
            Self::Crc { found, computed } => {
                write!(
                    f,
                    "its CRC is {found:#010x}, and should be {computed:#010x}"
                )
            }
        }
    }
}

/// Checks that the `size` bytes at `addr` are in memory that firmware has at run time: `ranges`
/// hold the first byte and the last.
///
/// # Errors
///
/// [`TableError::NotMapped`] if not.
pub(crate) fn check_place(
    addr: PhysAddr,
    size: usize,
    ranges: impl Iterator<Item = PhysRange> + Clone,
) -> Result<(), TableError> {
    let holds = |addr: u64| ranges.clone().any(|r| r.contains_addr(PhysAddr::new(addr)));
    let last = size
        .checked_sub(1)
        .and_then(|last| u64::try_from(last).ok());
    let last = last.and_then(|last| addr.value().checked_add(last));
    if holds(addr.value()) && last.is_some_and(holds) {
        Ok(())
    } else {
        Err(TableError::NotMapped(addr.identity()))
    }
}

/// The runtime services table.
///
/// # Invariants
///
/// `bytes` begins with the signature, and is as long as [`Self::size`] says.
pub(crate) struct RuntimeTable<'a> {
    bytes: &'a [u8],
    width: Width,
}

impl<'a> RuntimeTable<'a> {
    /// Returns the size of the table that has this `header` and pointers of this `width`, in bytes.
    /// EFI 1.10 has fewer services. A size that no table has is ignored. A table with more services
    /// than we know is cut.
    ///
    /// # Errors
    ///
    /// [`TableError::Signature`] if this is no table.
    pub(crate) fn size(header: &[u8], width: Width) -> Result<usize, TableError> {
        let signature = u64_at(header, 0).unwrap_or(0);
        if signature != SIGNATURE {
            return Err(TableError::Signature(signature));
        }
        let whole = width.table_size();
        let size = u32_at(header, HEADER_SIZE_OFFSET).and_then(|size| usize::try_from(size).ok());
        Ok(size
            .filter(|size| (width.oldest_table_size()..whole).contains(size))
            .unwrap_or(whole))
    }

    /// Reads `bytes` as the table of firmware with pointers of this `width`.
    ///
    /// # Errors
    ///
    /// [`TableError::Signature`] if it is no table.
    pub(crate) fn new(bytes: &'a [u8], width: Width) -> Result<Self, TableError> {
        let table = bytes.get(..Self::size(bytes, width)?);
        // INVARIANT: `size` has seen the signature, and that is its size.
        let bytes = table.ok_or(TableError::Signature(SIGNATURE))?;
        Ok(Self { bytes, width })
    }

    /// The pointer to `service`, or [`None`] if the table ends before it.
    pub(crate) fn pointer(&self, service: &Service) -> Option<VirtAddr> {
        let offset = HEADER_SIZE + service.slot * self.width.pointer_size();
        let pointer = self.width.pointer_at(self.bytes, offset)?;
        Some(VirtAddr::new(pointer))
    }

    /// The flaw of the header, if it has one.
    pub(crate) fn flaw(&self, crc: Crc32) -> Option<HeaderFlaw> {
        let size = u32_at(self.bytes, HEADER_SIZE_OFFSET)?;
        let found = u32_at(self.bytes, CRC_OFFSET)?;
        if !self
            .width
            .table_sizes()
            .any(|known| Ok(known) == usize::try_from(size))
        {
            return Some(HeaderFlaw::Size(size));
        }
        let mut buffer = [0; Width::Bits64.table_size()];
        // By the type invariants, the table is as long as its size says.
        let bytes = buffer.get_mut(..self.bytes.len())?;
        bytes.copy_from_slice(self.bytes);
        bytes.get_mut(CRC_OFFSET..)?.first_chunk_mut::<4>()?.fill(0);
        let computed = crc(bytes);
        (computed != found).then_some(HeaderFlaw::Crc { found, computed })
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
        base::addr::RangeError,
        firmware::runtime_fixtures::{
            sized,
            table,
            TABLE_SIZE, //
        },
        fixtures::{
            crc32,
            range, //
        },
    };

    #[test]
    fn refuses_what_is_no_table() {
        let good = table(|_| None);
        for at in 0..8 {
            let mut bytes = good;
            bytes[at] ^= 0x20;
            let signature = SIGNATURE ^ (0x20 << (8 * at));
            let error = Some(TableError::Signature(signature));
            assert_eq!(RuntimeTable::new(&bytes, Width::Bits64).err(), error);
        }
        let short = RuntimeTable::new(&good[..TABLE_SIZE - 1], Width::Bits64);
        assert!(short.is_err() && RuntimeTable::new(&[], Width::Bits64).is_err());
    }

    /// Returns the flaw of the header, or [`None`] if this is no table.
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
    fn a_table_is_as_long_as_it_says() {
        for (width, said, size) in [
            (Width::Bits64, 111, 136),
            (Width::Bits64, 112, 112),
            (Width::Bits64, 113, 113),
            (Width::Bits64, 120, 120),
            (Width::Bits64, 136, 136),
            (Width::Bits64, 137, 136),
            (Width::Bits64, u32::MAX, 136),
            (Width::Bits64, 24, 136),
            (Width::Bits32, 67, 80),
            (Width::Bits32, 68, 68),
            (Width::Bits32, 72, 72),
            (Width::Bits32, 112, 80),
        ] {
            let bytes = sized(width, said, |_| None);
            assert_eq!(RuntimeTable::size(&bytes, width), Ok(size));
            assert!(RuntimeTable::new(&bytes[..size], width).is_ok());
            assert!(RuntimeTable::new(&bytes[..size - 1], width).is_err());
        }
    }

    #[test]
    fn a_table_may_be_older_but_not_of_any_size() {
        for size in [112, 120, 136] {
            assert_eq!(flaw(&sized(Width::Bits64, size, |_| None)), Some(None));
        }
        for size in [0, 24, 111, 113, 135, 137, u32::MAX] {
            let bytes = sized(Width::Bits64, size, |_| None);
            assert_eq!(flaw(&bytes), Some(Some(HeaderFlaw::Size(size))));
        }
    }

    #[test]
    fn the_table_lies_in_the_map() -> Result<(), RangeError> {
        let ranges = [
            range(0x10_0000, 1)?,
            range(0x10_1000, 1)?,
            range(0x20_0000, 1)?,
        ];
        let check = |addr, size| check_place(PhysAddr::new(addr), size, ranges.into_iter());
        for (addr, size) in [
            (0x10_0000, 136),
            (0x10_0fff, 136),
            (0x10_1f78, 136),
            (0x20_0f78, 136),
            (0x20_0f90, 112),
        ] {
            assert_eq!(check(addr, size), Ok(()));
        }
        for (addr, size) in [
            (0, 136),
            (0xf_ffff, 136),
            (0x10_1f79, 136),
            (0x20_0f79, 136),
            (0x20_0f91, 112),
            (0x20_1000, 24),
            (u64::MAX, 136),
            (0x10_0000, 0),
        ] {
            let error = TableError::NotMapped(VirtAddr::new(addr));
            assert_eq!(check(addr, size), Err(error));
        }
        Ok(())
    }
}
