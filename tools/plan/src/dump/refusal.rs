// SPDX-License-Identifier: GPL-2.0

//! The place in a table's bytes that makes them unusable.

use super::alloc::{
    format,
    string::{
        String,
        ToString, //
    },
};
use crate::plan::{
    base::addr::RangeError,
    handover::{
        format::{
            TableEntry,
            TableHeader,
            TableSlot, //
        },
        wire::{
            SlotError,
            TableError, //
        },
    },
};
use core::{
    fmt,
    mem::offset_of, //
};

/// Why a table, or a slot of it, is refused, and the byte that shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// From the start of the table.
    pub offset: usize,
    pub reason: String,
}

impl Refusal {
    /// `bytes` end before the `part` of a table that takes `needed` bytes.
    pub(super) fn end(bytes: &[u8], part: &str, needed: usize) -> Self {
        Self {
            offset: bytes.len(),
            reason: format!("the bytes end here, and the {part} table takes {needed}"),
        }
    }

    pub(super) fn of_table(error: &TableError) -> Self {
        let offset = match error {
            TableError::Magic(_) => offset_of!(TableHeader, magic),
            TableError::Size { .. } | TableError::TooLarge(_) => offset_of!(TableHeader, size),
            TableError::Slots(error) => return Self::of_slot(error),
        };
        Self {
            offset,
            reason: error.to_string(),
        }
    }

    /// The offset is one in the slot, or in the entry if the error is about one.
    pub(super) fn of_slot(error: &SlotError) -> Self {
        let offset = match error {
            SlotError::Crc { .. } => offset_of!(TableSlot, crc),
            SlotError::Length(_) => offset_of!(TableSlot, length),
            SlotError::Version(..) => offset_of!(TableSlot, major),
            SlotError::Kind(_) | SlotError::State(..) => offset_of!(TableSlot, kind),
            SlotError::Svam(_) => offset_of!(TableSlot, svam),
            SlotError::Flags(_) => offset_of!(TableSlot, flags),
            SlotError::Entries { .. } => offset_of!(TableSlot, entry_offset),
            SlotError::OtherFirmware => offset_of!(TableSlot, systab),
            SlotError::EntryRange(RangeError::Misaligned(_)) => offset_of!(TableEntry, phys),
            SlotError::EntryRange(_) => offset_of!(TableEntry, pages),
            SlotError::EntryPermission(..) => offset_of!(TableEntry, permission),
        };
        Self {
            offset,
            reason: error.to_string(),
        }
    }

    /// The same for a part of the table that begins at `start`.
    pub(super) fn within(self, start: usize) -> Self {
        Self {
            offset: start + self.offset,
            ..self
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {:#x}: {}", self.offset, self.reason)
    }
}
