// SPDX-License-Identifier: GPL-2.0

//! The frame of a handover table: its header, and where the slots lie.

use crate::plan::{
    base::{
        bytes::{
            u32_at,
            u64_at,
            Crc32, //
        },
        kind::Latch,
    },
    firmware::service::Services,
    handover::{
        slot::{
            Slot,
            SlotId, //
        },
        wire::{
            SlotError,
            TableError,
            CALL_COUNT_OFFSET,
            CALL_SERVICE_OFFSET,
            ENTRY_SIZE,
            FAULTED_OFFSET,
            HEADER_SIZE,
            MAGIC,
            MAX_SIZE,
            PASSED_OFFSET,
            SERVICES_OFF_OFFSET,
            SLOT_HEADER_SIZE,
            USED_OFFSET, //
        },
    },
};

/// The memory of a table, whose frame has been checked.
///
/// # Invariants
///
/// `bytes` holds the header and two slots of `slot_size` bytes, each large enough for its own
/// header.
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    slot_size: usize,
}

impl<'a> Table<'a> {
    /// Reads the size of the table whose header `bytes` begins with.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if this is no table or its sizes cannot be right.
    pub(crate) fn size(bytes: &[u8]) -> Result<usize, TableError> {
        let truncated = TableError::Truncated(bytes.len());
        let magic = u64_at(bytes, 0).ok_or(truncated)?;
        if magic != MAGIC {
            return Err(TableError::Magic(magic));
        }
        let size = u32_at(bytes, 8).ok_or(truncated)?;
        let slot_size = u32_at(bytes, 12).ok_or(truncated)?;
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
        let bytes = bytes.get(..Self::size(bytes)?).ok_or(truncated)?;
        let slot_size = u32_at(bytes, 12).and_then(|size| usize::try_from(size).ok());
        // INVARIANT: `size` has checked that two such slots fit `bytes`, and their headers them.
        Ok(Self {
            bytes,
            slot_size: slot_size.ok_or(truncated)?,
        })
    }

    /// Where a slot begins, from the start of the table.
    pub(crate) fn slot_offset(&self, id: SlotId) -> usize {
        // By the type invariants this is within `bytes`.
        match id {
            SlotId::First => HEADER_SIZE,
            SlotId::Second => HEADER_SIZE + self.slot_size,
        }
    }

    /// Bytes of one slot.
    pub(crate) fn slot_size(&self) -> usize {
        self.slot_size
    }

    /// The most entries that a slot can hold.
    pub(crate) fn capacity(&self) -> usize {
        // By the type invariants a slot is no smaller than its header.
        (self.slot_size - SLOT_HEADER_SIZE) / ENTRY_SIZE
    }

    /// Whether a kernel has marked the table as used, or has called the firmware. No CRC covers the
    /// marks: one that is damaged makes the firmware look used, which is the safe side.
    pub(crate) fn used(&self) -> bool {
        let set = |offset| u32_at(self.bytes, offset).is_none_or(|word| word != 0);
        set(USED_OFFSET) || set(CALL_COUNT_OFFSET)
    }

    /// Kernels since the last snapshot, or the first of all, that have passed firmware on without
    /// calling it. No CRC covers the count: damage costs its meaning in the generation.
    pub(crate) fn passed(&self) -> u32 {
        // By the type invariants the word is there.
        u32_at(self.bytes, PASSED_OFFSET).unwrap_or(0)
    }

    /// What earlier kernels saw the firmware do. A fault that was recorded says more than the call
    /// in which a kernel stopped. No CRC covers either: damage keeps firmware off, the safe side.
    pub(crate) fn latch(&self) -> Latch {
        // By the type invariants the words are there.
        let word = |offset| u32_at(self.bytes, offset).unwrap_or(0);
        match (
            word(FAULTED_OFFSET),
            word(CALL_SERVICE_OFFSET),
            word(CALL_COUNT_OFFSET),
        ) {
            (0, 0, _) => Latch::Clear,
            (0, service, count) => Latch::InCall { service, count },
            (service, ..) => Latch::Faulted { service },
        }
    }

    /// The services that the last kernel has taken off. No CRC covers them: damage costs no more than
    /// some services.
    pub(crate) fn services_off(&self) -> Services {
        // By the type invariants the word is there.
        Services::from_bits(u32_at(self.bytes, SERVICES_OFF_OFFSET).unwrap_or(0))
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
        for id in [SlotId::First, SlotId::Second] {
            match self.slot(id, crc) {
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

    fn slot(&self, id: SlotId, crc: Crc32) -> Result<Option<Slot<'a>>, SlotError> {
        let start = self.slot_offset(id);
        let memory = start
            .checked_add(self.slot_size)
            .and_then(|end| self.bytes.get(start..end));
        // By the type invariants the slot is there.
        Slot::new(id, memory.unwrap_or_default(), crc)
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
            wire::Snapshot,
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
