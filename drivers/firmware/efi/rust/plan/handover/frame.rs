// SPDX-License-Identifier: GPL-2.0

//! The frame of a handover table: its size, and where its slots lie. The header alone tells.

use crate::plan::{
    base::bytes::field,
    handover::{
        format::{
            TableHeader,
            TableSlot, //
        },
        slot::SlotId,
        wire::{
            TableError,
            ENTRY_SIZE,
            HEADER_SIZE,
            MAGIC,
            MAX_SIZE,
            SLOT_HEADER_SIZE, //
        },
    },
};
use core::ops::Range;

/// The frame of a table.
///
/// # Invariants
///
/// `slot_size` is that of a slot's header or more. The header and two slots fit into `size`, which
/// is at most [`MAX_SIZE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    size: usize,
    slot_size: usize,
}

impl Frame {
    /// Reads the frame of the table that has this `header`.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if this is no table or its sizes cannot be right.
    pub(crate) fn of(header: &[u8; HEADER_SIZE]) -> Result<Self, TableError> {
        let magic = u64::from_le_bytes(field!(header, TableHeader, magic));
        if magic != MAGIC {
            return Err(TableError::Magic(magic));
        }
        let size = u32::from_le_bytes(field!(header, TableHeader, size));
        let slot_size = u32::from_le_bytes(field!(header, TableHeader, slot_size));
        let error = TableError::Size { size, slot_size };
        let total = usize::try_from(size).map_err(|_| error)?;
        let slot = usize::try_from(slot_size).map_err(|_| error)?;
        let needed = two_slots(slot).ok_or(error)?;
        if slot < SLOT_HEADER_SIZE || slot % 8 != 0 || needed > total {
            return Err(error);
        }
        if total > MAX_SIZE {
            return Err(TableError::TooLarge(total));
        }
        // INVARIANT: checked above.
        Ok(Self {
            size: total,
            slot_size: slot,
        })
    }

    /// The frame of a table whose slots have just the room for `entries`. [`None`] for more than
    /// any table has.
    pub(crate) fn with_room(entries: usize) -> Option<Self> {
        let slot_size = length(entries)?;
        let size = two_slots(slot_size).filter(|&size| size <= MAX_SIZE)?;
        // INVARIANT: a slot's header and two slots are part of the sums.
        Some(Self { size, slot_size })
    }

    /// Bytes of the table.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Where a slot lies, from the start of the table.
    pub(crate) fn slot(&self, id: SlotId) -> Range<usize> {
        let start = match id {
            SlotId::First => HEADER_SIZE,
            SlotId::Second => HEADER_SIZE + self.slot_size,
        };
        start..start + self.slot_size
    }

    /// Bytes of a slot that are to be read: as many as its header says are in use, or the header if
    /// there cannot be so many.
    pub(crate) fn in_use(&self, header: &[u8; SLOT_HEADER_SIZE]) -> usize {
        let length = u32::from_le_bytes(field!(header, TableSlot, length));
        usize::try_from(length)
            .ok()
            .filter(|length| (SLOT_HEADER_SIZE..=self.slot_size).contains(length))
            .unwrap_or(SLOT_HEADER_SIZE)
    }

    /// Bytes of a slot that `entries` take, or [`None`] if they do not fit.
    pub(crate) fn length(&self, entries: usize) -> Option<usize> {
        length(entries).filter(|&length| length <= self.slot_size)
    }
}

fn length(entries: usize) -> Option<usize> {
    entries
        .checked_mul(ENTRY_SIZE)?
        .checked_add(SLOT_HEADER_SIZE)
}

fn two_slots(slot_size: usize) -> Option<usize> {
    slot_size.checked_mul(2)?.checked_add(HEADER_SIZE)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_frame)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::handover::table_fixtures::{
        blank_header,
        SIZE,
        SLOT, //
    };

    #[test]
    fn refuses_what_is_no_table() {
        let mut header = blank_header();
        assert_eq!(Frame::of(&header).map(|frame| frame.size()), Ok(SIZE));
        for slot_size in [0, 88, 97, SLOT as u32 + 8, u32::MAX] {
            header[12..16].copy_from_slice(&slot_size.to_le_bytes());
            let size = SIZE as u32;
            assert_eq!(
                Frame::of(&header),
                Err(TableError::Size { size, slot_size })
            );
        }
        header[0] = b'e';
        assert!(matches!(Frame::of(&header), Err(TableError::Magic(_))));
    }

    #[test]
    fn refuses_absurd_sizes() {
        let mut header = blank_header();
        let (largest, beyond) = (MAX_SIZE as u32, MAX_SIZE + 8);
        header[8..12].copy_from_slice(&largest.to_le_bytes());
        assert_eq!(Frame::of(&header).map(|frame| frame.size()), Ok(MAX_SIZE));
        header[8..12].copy_from_slice(&(largest + 8).to_le_bytes());
        assert_eq!(Frame::of(&header), Err(TableError::TooLarge(beyond)));
        assert_eq!(Frame::with_room(MAX_SIZE / ENTRY_SIZE / 2), None);
        assert_eq!(Frame::with_room(usize::MAX / ENTRY_SIZE), None);
    }

    #[test]
    fn slots_lie_one_after_the_other() {
        let frame = Frame::of(&blank_header());
        let places = [SlotId::First, SlotId::Second].map(|id| frame.map(|frame| frame.slot(id)));
        let second = HEADER_SIZE + SLOT;
        assert_eq!(places, [Ok(HEADER_SIZE..second), Ok(second..SIZE)]);
    }

    #[test]
    fn no_more_is_read_than_a_slot_has() {
        let frame = Frame::of(&blank_header());
        for (said, read) in [
            (0, SLOT_HEADER_SIZE),
            (SLOT_HEADER_SIZE - 1, SLOT_HEADER_SIZE),
            (SLOT_HEADER_SIZE + 1, SLOT_HEADER_SIZE + 1),
            (SLOT, SLOT),
            (SLOT + 1, SLOT_HEADER_SIZE),
            (u32::MAX as usize, SLOT_HEADER_SIZE),
        ] {
            let mut header = [0; SLOT_HEADER_SIZE];
            header[4..8].copy_from_slice(&(said as u32).to_le_bytes());
            assert_eq!(frame.map(|frame| frame.in_use(&header)), Ok(read));
        }
    }

    #[test]
    fn a_slot_has_room_for_some_entries() {
        for (entries, most) in [(0, 0), (3, 3)] {
            let frame = Frame::with_room(most);
            let length = frame.map(|frame| frame.length(entries));
            assert_eq!(length, Some(Some(SLOT_HEADER_SIZE + entries * ENTRY_SIZE)));
            let beyond = [most + 1, usize::MAX].map(|entries| frame?.length(entries));
            assert_eq!(beyond, [None; 2]);
        }
    }
}
