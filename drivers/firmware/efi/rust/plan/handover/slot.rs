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
            field,
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
    handover::{
        format::{
            TableEntry,
            TableSlot, //
        },
        wire::{
            Identity,
            SlotError,
            Snapshot,
            CHECKED_FROM,
            ENTRY_SIZE,
            FLAG_FORWARD_CFG,
            FLAG_WRITABLE_CODE,
            MAJOR,
            NO_GENERATION,
            SLOT_HEADER_SIZE,
            UNKNOWN_FLAGS, //
        },
    },
    map::entry::Entry,
};

/// One of the two slots.
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
/// `bytes` begins with `header`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) id: SlotId,
    header: &'a [u8; SLOT_HEADER_SIZE],
    /// All that is in use, the header included.
    bytes: &'a [u8],
}

impl<'a> Slot<'a> {
    /// Takes the slot in `memory`, or [`None`] if no kernel has written it yet.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if it is not intact.
    pub(super) fn new(id: SlotId, memory: &'a [u8], crc: Crc32) -> Result<Option<Self>, SlotError> {
        let header = memory.first_chunk().ok_or(SlotError::Length(0))?;
        let stored = u32::from_le_bytes(field!(header, TableSlot, crc));
        let length = u32::from_le_bytes(field!(header, TableSlot, length));
        if length == 0 && stored == 0 {
            return Ok(None);
        }
        let bytes = usize::try_from(length)
            .ok()
            .filter(|&length| length >= SLOT_HEADER_SIZE)
            .and_then(|length| memory.get(..length))
            .ok_or(SlotError::Length(length))?;
        let computed = crc(bytes.get(CHECKED_FROM..).unwrap_or_default());
        if computed != stored {
            return Err(SlotError::Crc { stored, computed });
        }
        // INVARIANT: `memory` begins with the header, and they are no shorter.
        Ok(Some(Self { id, header, bytes }))
    }

    pub(crate) fn sequence(&self) -> u32 {
        sequence(self.bytes)
    }

    /// Reads the slot for the firmware that `identity` describes.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if it is for another one, or says what this version does not understand.
    pub(crate) fn snapshot(&self, identity: &Identity) -> Result<Snapshot, SlotError> {
        macro_rules! word {
            ($field:ident) => {
                u32::from_le_bytes(field!(self.header, TableSlot, $field))
            };
        }
        macro_rules! address {
            ($field:ident) => {
                PhysAddr::new(u64::from_le_bytes(field!(self.header, TableSlot, $field)))
            };
        }

        let major = u16::from_le_bytes(field!(self.header, TableSlot, major));
        let minor = u16::from_le_bytes(field!(self.header, TableSlot, minor));
        if major != MAJOR {
            return Err(SlotError::Version(major, minor));
        }
        let kind = Kind::from_number(word!(kind)).ok_or(SlotError::Kind(word!(kind)))?;
        let svam = Svam::from_number(word!(svam)).ok_or(SlotError::Svam(word!(svam)))?;
        if !svam.allows(kind) {
            return Err(SlotError::State(kind, svam));
        }
        let flags = word!(flags);
        if flags & UNKNOWN_FLAGS != 0 {
            return Err(SlotError::Flags(flags));
        }
        let recorded = Identity {
            systab: address!(systab),
            revision: word!(fw_revision),
            vendor_crc: word!(vendor_crc),
        };
        if recorded != *identity {
            return Err(SlotError::OtherFirmware);
        }
        Ok(Snapshot {
            generation: word!(generation),
            kind,
            svam,
            svam_generation: Some(word!(svam_generation))
                .filter(|&generation| generation != NO_GENERATION),
            forward_cfg: flags & FLAG_FORWARD_CFG != 0,
            writable_code: flags & FLAG_WRITABLE_CODE != 0,
            identity: recorded,
            runtime: address!(runtime),
            config: address!(config),
            vendor: address!(vendor),
        })
    }

    /// The most entries that [`Self::entries`] can have.
    pub(crate) fn capacity(&self) -> usize {
        // By the type invariants they are no shorter than the header.
        (self.bytes.len() - SLOT_HEADER_SIZE) / ENTRY_SIZE
    }

    /// Reads the entries: each well-formed, nothing else about them checked.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if they do not fit the slot.
    pub(crate) fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<Entry, SlotError>> + 'a, SlotError> {
        let offset = u32::from_le_bytes(field!(self.header, TableSlot, entry_offset));
        let size = u32::from_le_bytes(field!(self.header, TableSlot, entry_size));
        let count = u32::from_le_bytes(field!(self.header, TableSlot, entry_count));
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
        // Each is at least as long as an entry.
        let entries = bytes
            .chunks_exact(step)
            .filter_map(|entry| entry.first_chunk());
        Ok(entries.map(read_entry))
    }
}

/// The number that the slot in `memory` was written under, if it is intact.
pub(super) fn sequence(memory: &[u8]) -> u32 {
    let header = memory.first_chunk();
    header.map_or(0, |header| {
        u32::from_le_bytes(field!(header, TableSlot, sequence))
    })
}

fn read_entry(bytes: &[u8; ENTRY_SIZE]) -> Result<Entry, SlotError> {
    let phys = PhysAddr::new(u64::from_le_bytes(field!(bytes, TableEntry, phys)));
    let pages = Pages::new(u64::from_le_bytes(field!(bytes, TableEntry, pages)));
    let phys = PhysRange::new(phys, pages)?;
    let bits = u32::from_le_bytes(field!(bytes, TableEntry, permission));
    Ok(Entry {
        ty: MemoryType(u32::from_le_bytes(field!(bytes, TableEntry, type_))),
        attributes: Attributes(u64::from_le_bytes(field!(bytes, TableEntry, attribute))),
        phys,
        virt: VirtAddr::new(u64::from_le_bytes(field!(bytes, TableEntry, virt))),
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
            table_fixtures::{
                blank,
                patch,
                put,
                snapshot,
                table_in,
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
            let error = table_in(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|_| ()));
            assert_eq!(error, Err(TableError::Slots(SlotError::Length(length))));
        }
    }

    /// The slot that counts in the table that `bytes` holds.
    fn current(bytes: &[u8]) -> Option<Slot<'_>> {
        table_in(bytes).ok()?.current(crc32, |_| ()).ok()?
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
