// SPDX-License-Identifier: GPL-2.0

//! The frame of a handover table: its header, and where the slots lie.

use crate::plan::{
    base::{
        bytes::{
            field,
            u32_at,
            u64_at,
            Crc32, //
        },
        kind::Latch,
    },
    firmware::service::Services,
    handover::{
        format::TableHeader,
        slot::{
            Slot,
            SlotId, //
        },
        wire::{
            SlotError,
            TableError,
            ENTRY_SIZE,
            HEADER_SIZE,
            MAGIC,
            MAX_SIZE,
            SLOT_HEADER_SIZE, //
        },
    },
};
use core::mem::offset_of;

/// The memory of a table, whose frame has been checked.
///
/// # Invariants
///
/// Both slots have the same size, which is that of a slot's header or more.
pub(crate) struct Table<'a> {
    header: &'a [u8; HEADER_SIZE],
    first: &'a [u8],
    second: &'a [u8],
}

impl<'a> Table<'a> {
    /// Reads the size of the table whose header `bytes` begins with.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if this is no table or its sizes cannot be right.
    pub(crate) fn size(bytes: &[u8]) -> Result<usize, TableError> {
        let truncated = TableError::Truncated(bytes.len());
        let word = |offset| u32_at(bytes, offset).ok_or(truncated);
        let magic = u64_at(bytes, offset_of!(TableHeader, magic)).ok_or(truncated)?;
        if magic != MAGIC {
            return Err(TableError::Magic(magic));
        }
        let size = word(offset_of!(TableHeader, size))?;
        let slot_size = word(offset_of!(TableHeader, slot_size))?;
        let error = TableError::Size { size, slot_size };
        let total = usize::try_from(size).map_err(|_| error)?;
        let slot = usize::try_from(slot_size).map_err(|_| error)?;
        let needed = slot.checked_mul(2).and_then(|n| n.checked_add(HEADER_SIZE));
        if slot < SLOT_HEADER_SIZE || slot % 8 != 0 || needed.is_none_or(|n| n > total) {
            return Err(error);
        }
        if total > MAX_SIZE {
            return Err(TableError::TooLarge(total));
        }
        Ok(total)
    }

    /// Takes `bytes` as a table.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if it is none or not all of it is there.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, TableError> {
        let truncated = TableError::Truncated(bytes.len());
        let whole = bytes.get(..Self::size(bytes)?).ok_or(truncated)?;
        let (header, slots) = whole.split_first_chunk().ok_or(truncated)?;
        let slot_size = u32::from_le_bytes(field!(header, TableHeader, slot_size));
        let slot_size = usize::try_from(slot_size).map_err(|_| truncated)?;
        let (first, rest) = slots.split_at_checked(slot_size).ok_or(truncated)?;
        // INVARIANT: `size` has checked that a slot is not smaller than its header.
        Ok(Self {
            header,
            first,
            second: rest.get(..slot_size).ok_or(truncated)?,
        })
    }

    /// Where a slot begins, from the start of the table.
    pub(crate) fn slot_offset(&self, id: SlotId) -> usize {
        match id {
            SlotId::First => HEADER_SIZE,
            SlotId::Second => HEADER_SIZE + self.slot_size(),
        }
    }

    /// Bytes of one slot.
    pub(crate) fn slot_size(&self) -> usize {
        self.first.len()
    }

    /// The most entries that a slot can hold.
    pub(crate) fn capacity(&self) -> usize {
        // By the type invariants a slot is no smaller than its header.
        (self.slot_size() - SLOT_HEADER_SIZE) / ENTRY_SIZE
    }

    /// Whether a kernel has marked the table as used, or has called the firmware. No CRC covers the
    /// marks: one that is damaged makes the firmware look used, which is the safe side.
    pub(crate) fn used(&self) -> bool {
        field!(self.header, TableHeader, used) != [0; 4]
            || field!(self.header, TableHeader, call_count) != [0; 4]
    }

    /// Kernels since the last snapshot, or the first of all, that have passed firmware on without
    /// calling it. No CRC covers the count: damage costs its meaning in the generation.
    pub(crate) fn passed(&self) -> u32 {
        u32::from_le_bytes(field!(self.header, TableHeader, passed))
    }

    /// What earlier kernels saw the firmware do. A fault that was recorded says more than the call
    /// in which a kernel stopped. No CRC covers either: damage keeps firmware off, the safe side.
    pub(crate) fn latch(&self) -> Latch {
        let faulted = u32::from_le_bytes(field!(self.header, TableHeader, faulted));
        let service = u32::from_le_bytes(field!(self.header, TableHeader, call_service));
        let count = u32::from_le_bytes(field!(self.header, TableHeader, call_count));
        match (faulted, service) {
            (0, 0) => Latch::Clear,
            (0, service) => Latch::InCall { service, count },
            (service, _) => Latch::Faulted { service },
        }
    }

    /// The services that the last kernel has taken off. No CRC covers them: damage costs no more than
    /// some services.
    pub(crate) fn services_off(&self) -> Services {
        let off = u32::from_le_bytes(field!(self.header, TableHeader, services_off));
        Services::from_bits(off)
    }

    /// Finds the slot written last among those that are intact, and tells `damaged` of the others.
    /// [`None`] if no kernel has written one yet.
    ///
    /// # Errors
    ///
    /// [`TableError::Slots`] if one was written but none is intact.
    pub(crate) fn current(
        &self,
        crc: Crc32,
        mut damaged: impl FnMut(SlotError),
    ) -> Result<Option<Slot<'a>>, TableError> {
        let (mut newest, mut error) = (None::<Slot<'a>>, None);
        let slots = [(SlotId::First, self.first), (SlotId::Second, self.second)];
        for (id, memory) in slots {
            match Slot::new(id, memory, crc) {
                Ok(Some(slot)) => {
                    let newer = newest.is_none_or(|old| slot.sequence() > old.sequence());
                    newest = if newer { Some(slot) } else { newest };
                }
                Ok(None) => (),
                Err(found) => {
                    damaged(found);
                    error = Some(error.unwrap_or(found));
                }
            }
        }
        match (newest, error) {
            (None, Some(error)) => Err(TableError::Slots(error)),
            (newest, _) => Ok(newest),
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_table)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        fixtures::crc32,
        handover::{
            table_fixtures::{
                blank,
                put,
                snapshot,
                SIZE,
                SLOT,
                SNAPSHOT, //
            },
            wire::{
                Snapshot,
                CALL_COUNT_OFFSET,
                CALL_SERVICE_OFFSET,
                FAULTED_OFFSET,
                SERVICES_OFF_OFFSET,
                USED_OFFSET, //
            },
        },
    };

    #[test]
    fn a_new_table_is_empty() {
        let bytes = blank();
        let table = Table::new(&bytes);
        assert_eq!(table.as_ref().map(|t| t.latch()).ok(), Some(Latch::Clear));
        let current = table.and_then(|t| t.current(crc32, |_| ()).map(|slot| slot.is_none()));
        assert_eq!(current, Ok(true));
    }

    #[test]
    fn the_slot_written_last_counts() {
        for (first, second, generation) in [(1, 2, 9), (2, 1, 3), (u32::MAX, 1, 3)] {
            let mut bytes = blank();
            let newer = Snapshot {
                generation: 9,
                ..SNAPSHOT
            };
            put(&mut bytes, 0, first, &SNAPSHOT, &[]);
            put(&mut bytes, 1, second, &newer, &[]);
            let got = snapshot(&bytes).map(|s| s.map(|s| s.generation));
            assert_eq!(got, Some(Ok(generation)));
        }
    }

    #[test]
    fn a_damaged_slot_leaves_the_other() {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
        put(&mut bytes, 1, 2, &SNAPSHOT, &[]);
        bytes[HEADER_SIZE + SLOT + 16] ^= 1;
        let mut damage = 0;
        let current = Table::new(&bytes).and_then(|t| {
            let slot = t.current(crc32, |_| damage += 1)?;
            Ok(slot.map(|slot| slot.id))
        });
        assert_eq!(current, Ok(Some(SlotId::First)));
        assert_eq!(damage, 1);

        bytes[HEADER_SIZE + 16] ^= 1;
        let current = Table::new(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|_| ()));
        assert!(matches!(
            current,
            Err(TableError::Slots(SlotError::Crc { .. }))
        ));
    }

    #[test]
    fn refuses_what_is_no_table() {
        let mut bytes = blank();
        assert_eq!(Table::size(&bytes), Ok(SIZE));
        assert_eq!(Table::size(&bytes[..15]), Err(TableError::Truncated(15)));
        assert_eq!(
            Table::new(&bytes[..SIZE - 1]).err(),
            Some(TableError::Truncated(SIZE - 1))
        );
        for slot_size in [0, 88, 97, SLOT as u32 + 8, u32::MAX] {
            bytes[12..16].copy_from_slice(&slot_size.to_le_bytes());
            let size = SIZE as u32;
            assert_eq!(
                Table::size(&bytes),
                Err(TableError::Size { size, slot_size })
            );
        }
        bytes[0] = b'e';
        assert!(matches!(Table::size(&bytes), Err(TableError::Magic(_))));
    }

    #[test]
    fn refuses_absurd_sizes() {
        let mut bytes = blank();
        let (largest, beyond) = (MAX_SIZE as u32, MAX_SIZE + 8);
        bytes[8..12].copy_from_slice(&largest.to_le_bytes());
        assert_eq!(Table::size(&bytes), Ok(MAX_SIZE));
        bytes[8..12].copy_from_slice(&(largest + 8).to_le_bytes());
        assert_eq!(Table::size(&bytes), Err(TableError::TooLarge(beyond)));
    }

    #[test]
    fn a_table_is_used_once_marked_or_called_through() {
        let used = |bytes: &[u8]| Table::new(bytes).map(|table| table.used());
        assert_eq!(used(&blank()), Ok(false));
        for offset in [USED_OFFSET, USED_OFFSET + 3, CALL_COUNT_OFFSET] {
            let mut bytes = blank();
            bytes[offset] = 1;
            assert_eq!(used(&bytes), Ok(true));
        }
        for offset in [FAULTED_OFFSET, CALL_SERVICE_OFFSET] {
            let mut bytes = blank();
            bytes[offset] = 1;
            assert_eq!(used(&bytes), Ok(false));
        }
    }

    #[test]
    fn services_that_were_taken_off_are_read() {
        let mut bytes = blank();
        let off = |bytes: &[u8]| Table::new(bytes).map(|table| table.services_off());
        assert_eq!(off(&bytes), Ok(Services::NONE));
        bytes[SERVICES_OFF_OFFSET..][..4].copy_from_slice(&[0x41, 0, 0, 0xff]);
        assert_eq!(off(&bytes), Ok(Services::from_bits(0x41)));
    }

    #[test]
    fn the_latch_is_read() {
        let mut bytes = blank();
        bytes[CALL_SERVICE_OFFSET] = 5;
        bytes[CALL_COUNT_OFFSET] = 9;
        let (service, count) = (5, 9);
        let latch = |bytes: &[u8]| Table::new(bytes).map(|table| table.latch());
        assert_eq!(latch(&bytes), Ok(Latch::InCall { service, count }));
        bytes[FAULTED_OFFSET + 3] = 1;
        let service = 1 << 24;
        assert_eq!(latch(&bytes), Ok(Latch::Faulted { service }));
        bytes[CALL_SERVICE_OFFSET] = 0;
        assert_eq!(latch(&bytes), Ok(Latch::Faulted { service }));
    }
}
