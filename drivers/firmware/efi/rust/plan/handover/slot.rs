// SPDX-License-Identifier: GPL-2.0

//! One slot of a handover table: what a kernel wrote for the next.

use crate::plan::{
    base::{
        addr::{
            Pages,
            PhysAddr,
            PhysRange,
            VirtAddr, //
        },
        bytes::{
            u16_at,
            u32_at,
            u64_at,
            Crc32, //
        },
        kind::{
            Kind,
            Svam, //
        },
    },
    firmware::{
        memtype::{
            Attributes,
            MemoryType, //
        },
        perm::Permission,
    },
    handover::wire::{
        Identity,
        SlotError,
        Snapshot,
        ENTRY_SIZE,
        FLAG_FORWARD_CFG,
        FLAG_WRITABLE_CODE,
        MAJOR,
        SLOT_HEADER_SIZE,
        UNKNOWN_FLAGS, //
    },
    map::entry::Entry,
};

/// Which of the two slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlotId {
    First,
    Second,
}

impl SlotId {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// A slot that is intact: whole, and with the CRC it was written with.
///
/// # Invariants
///
/// `bytes` is at least [`SLOT_HEADER_SIZE`] long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) id: SlotId,
    bytes: &'a [u8],
}

impl<'a> Slot<'a> {
    /// Takes the slot in `memory`, or [`None`] if no kernel has written it yet.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if it is not intact.
    pub(super) fn new(id: SlotId, memory: &'a [u8], crc: Crc32) -> Result<Option<Self>, SlotError> {
        let field = |offset| u32_at(memory, offset).unwrap_or(0);
        let (stored, length) = (field(0), field(4));
        if length == 0 && stored == 0 {
            return Ok(None);
        }
        let used = usize::try_from(length).map_err(|_| SlotError::Length(length))?;
        let bytes = memory
            .get(..used)
            .filter(|bytes| bytes.len() >= SLOT_HEADER_SIZE)
            .ok_or(SlotError::Length(length))?;
        let computed = crc(bytes.get(4..).unwrap_or_default());
        if computed != stored {
            return Err(SlotError::Crc { stored, computed });
        }
        // INVARIANT: the length has been checked above.
        Ok(Some(Self { id, bytes }))
    }

    pub(crate) fn sequence(&self) -> u32 {
        // By the type invariants the field is there.
        u32_at(self.bytes, 12).unwrap_or(0)
    }

    /// Reads the slot for the firmware that `identity` describes.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if it is for another one, or says what this version does not understand.
    pub(crate) fn snapshot(&self, identity: &Identity) -> Result<Snapshot, SlotError> {
        let bytes = self.bytes;
        // By the type invariants all fields are there.
        let field = |offset| u32_at(bytes, offset).unwrap_or(0);
        let address = |offset| PhysAddr::new(u64_at(bytes, offset).unwrap_or(0));

        let (major, minor) = (
            u16_at(bytes, 8).unwrap_or(0),
            u16_at(bytes, 10).unwrap_or(0),
        );
        if major != MAJOR {
            return Err(SlotError::Version(major, minor));
        }
        let kind = Kind::from_number(field(20)).ok_or(SlotError::Kind(field(20)))?;
        let svam = Svam::from_number(field(24)).ok_or(SlotError::Svam(field(24)))?;
        if !svam.allows(kind) {
            return Err(SlotError::State(kind, svam));
        }
        let flags = field(28);
        if flags & UNKNOWN_FLAGS != 0 {
            return Err(SlotError::Flags(flags));
        }
        let recorded = Identity {
            systab: address(48),
            revision: field(56),
            vendor_crc: field(60),
        };
        if recorded != *identity {
            return Err(SlotError::OtherFirmware);
        }
        Ok(Snapshot {
            generation: field(16),
            kind,
            svam,
            svam_generation: Some(field(44)).filter(|&generation| generation != u32::MAX),
            forward_cfg: flags & FLAG_FORWARD_CFG != 0,
            writable_code: flags & FLAG_WRITABLE_CODE != 0,
            identity: recorded,
            runtime: address(64),
            config: address(72),
            vendor: address(80),
        })
    }

    /// Reads the entries: each well-formed, nothing else about them checked.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if they do not fit the slot.
    pub(crate) fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<Entry, SlotError>> + 'a, SlotError> {
        // By the type invariants the fields are there.
        let field = |offset| u32_at(self.bytes, offset).unwrap_or(0);
        let (offset, size, count) = (field(32), field(36), field(40));
        let error = SlotError::Entries {
            offset,
            size,
            count,
        };
        let number = |value: u32| usize::try_from(value).map_err(|_| error);
        let (start, step) = (number(offset)?, number(size)?);
        if start < SLOT_HEADER_SIZE || step < ENTRY_SIZE {
            return Err(error);
        }
        let bytes = step
            .checked_mul(number(count)?)
            .and_then(|len| start.checked_add(len))
            .and_then(|end| self.bytes.get(start..end))
            .ok_or(error)?;
        Ok(bytes.chunks_exact(step).map(read_entry))
    }
}

fn read_entry(bytes: &[u8]) -> Result<Entry, SlotError> {
    // Every chunk is at least `ENTRY_SIZE` long, so all fields are there.
    let long = |offset| u64_at(bytes, offset).unwrap_or(0);
    let phys = PhysRange::new(PhysAddr::new(long(0)), Pages::new(long(16)))?;
    let bits = u32_at(bytes, 36).unwrap_or(0);
    Ok(Entry {
        ty: MemoryType(u32_at(bytes, 32).unwrap_or(0)),
        attributes: Attributes(long(24)),
        phys,
        virt: VirtAddr::new(long(8)),
        permission: Permission::from_bits(bits).ok_or(SlotError::EntryPermission(phys, bits))?,
    })
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_slot)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::{
            crc32,
            BLANK_ENTRY, //
        },
        handover::{
            table::Table,
            table_fixtures::{
                blank,
                patch,
                put,
                snapshot,
                SLOT,
                SNAPSHOT, //
            },
            wire::{
                TableError,
                HEADER_SIZE, //
            },
        },
    };

    #[test]
    fn refuses_fields_it_does_not_understand() {
        for (offset, value, error) in [
            (8, 2, SlotError::Version(2, 0)),
            (8, 0, SlotError::Version(0, 0)),
            (20, 0, SlotError::Kind(0)),
            (20, 4, SlotError::Kind(4)),
            (20, 3, SlotError::State(Kind::Fixed, Svam::CalledIdent)),
            (24, 5, SlotError::Svam(5)),
            (28, 4, SlotError::Flags(4)),
            (48, 1, SlotError::OtherFirmware),
            (56, 1, SlotError::OtherFirmware),
            (60, 1, SlotError::OtherFirmware),
        ] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
            patch(&mut bytes, offset, value);
            assert_eq!(snapshot(&bytes), Some(Err(error)));
        }
    }

    #[test]
    fn flags_that_may_be_ignored_are() {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
        patch(&mut bytes, 28, 1 << 31 | FLAG_FORWARD_CFG);
        assert_eq!(snapshot(&bytes), Some(Ok(SNAPSHOT)));
    }

    #[test]
    fn a_newer_minor_version_is_understood() {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
        patch(&mut bytes, 8, 7 << 16 | 1);
        assert_eq!(snapshot(&bytes), Some(Ok(SNAPSHOT)));
    }

    #[test]
    fn refuses_lengths_beyond_the_slot() {
        for length in [1, SLOT_HEADER_SIZE as u32 - 1, SLOT as u32 + 1, u32::MAX] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
            bytes[HEADER_SIZE + 4..HEADER_SIZE + 8].copy_from_slice(&length.to_le_bytes());
            let error = Table::new(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|_| ()));
            assert_eq!(error, Err(TableError::Slots(SlotError::Length(length))));
        }
    }

    /// The slot that counts in the table that `bytes` holds.
    fn current(bytes: &[u8]) -> Option<Slot<'_>> {
        Table::new(bytes).ok()?.current(crc32, |_| ()).ok()?
    }

    #[test]
    fn refuses_entries_that_do_not_fit() {
        for (offset, value) in [(32, 95), (36, 39), (40, 2), (40, u32::MAX)] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[BLANK_ENTRY]);
            patch(&mut bytes, offset, value);
            let error = current(&bytes).and_then(|slot| slot.entries().err());
            assert!(matches!(error, Some(SlotError::Entries { .. })));
        }
    }

    #[test]
    fn refuses_malformed_entries() {
        let range = BLANK_ENTRY.phys;
        for (offset, value, error) in [
            (
                96,
                1,
                SlotError::EntryRange(RangeError::Misaligned(PhysAddr::new(1))),
            ),
            (
                112,
                0,
                SlotError::EntryRange(RangeError::Empty(PhysAddr::new(0))),
            ),
            (132, 0, SlotError::EntryPermission(range, 0)),
            (132, 8, SlotError::EntryPermission(range, 8)),
        ] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[BLANK_ENTRY]);
            patch(&mut bytes, offset, value);
            let mut entries = current(&bytes).and_then(|slot| slot.entries().ok());
            let first = entries.as_mut().and_then(Iterator::next);
            assert_eq!(first, Some(Err(error)));
        }
    }
}
