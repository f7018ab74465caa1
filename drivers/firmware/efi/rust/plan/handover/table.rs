// SPDX-License-Identifier: GPL-2.0

//! A handover table: the marks in its header, and the slot that counts.

use crate::plan::{
    base::{
        bytes::{
            field,
            u32_at,
            Crc32, //
        },
        kind::Latch,
    },
    firmware::service::Services,
    handover::{
        format::{
            TableHeader,
            ALLOWED_RANGES, //
        },
        slot::{
            self,
            Slot,
            SlotId, //
        },
        wire::{
            allowed_offset,
            SlotError,
            TableError,
            HEADER_SIZE, //
        },
    },
};

/// The privileges that firmware has got in user mode. 0 stands for none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Allowed(pub(crate) [u32; ALLOWED_RANGES]);

impl Allowed {
    /// The number of the place for `word`: it is there, or nothing is. [`None`] if there is no room.
    pub(crate) fn place(&self, word: u32) -> Option<usize> {
        self.0.iter().position(|&known| known == 0 || known == word)
    }

    /// Adds the privileges of `other`, as far as there is room.
    pub(crate) fn union(mut self, other: Self) -> Self {
        for word in other.0 {
            if let Some(place) = self.place(word).and_then(|place| self.0.get_mut(place)) {
                *place = word;
            }
        }
        self
    }
}

/// A table, as much of it as is in use: what is in it has not been checked.
pub(crate) struct Table<'a> {
    pub(crate) header: &'a [u8; HEADER_SIZE],
    /// The first slot, and the second.
    pub(crate) slots: [&'a [u8]; 2],
}

impl<'a> Table<'a> {
    /// Tells if a kernel has marked the table as used, or has called the firmware. No CRC covers the
    /// marks: a damaged one makes the firmware look used, which is the safe side.
    pub(crate) fn used(&self) -> bool {
        field!(self.header, TableHeader, used) != [0; 4]
            || field!(self.header, TableHeader, call_count) != [0; 4]
    }

    /// Kernels since the last snapshot, or the first of all, that have passed firmware on without
    /// calling it. No CRC covers the count: damage costs its meaning in the generation.
    pub(crate) fn passed(&self) -> u32 {
        u32::from_le_bytes(field!(self.header, TableHeader, passed))
    }

    /// The failure of firmware that earlier kernels saw. A recorded fault says more than the call in
    /// which a kernel stopped. No CRC covers either: damage keeps firmware off, the safe side.
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

    /// The services that the last kernel has taken off. No CRC covers them: damage costs no more
    /// than some services.
    pub(crate) fn services_off(&self) -> Services {
        let off = u32::from_le_bytes(field!(self.header, TableHeader, services_off));
        Services::from_bits(off)
    }

    /// The services in which firmware was stopped in user mode, and those that are off because of
    /// that. No CRC covers them, as for [`Self::services_off`].
    pub(crate) fn failed(&self) -> Services {
        let failed = u32::from_le_bytes(field!(self.header, TableHeader, failed));
        Services::from_bits(failed)
    }

    /// The privileges that firmware has got in user mode.
    pub(crate) fn allowed(&self) -> Allowed {
        let mut words = Allowed::default();
        for (number, word) in words.0.iter_mut().enumerate() {
            *word = u32_at(self.header, allowed_offset(number)).unwrap_or(0);
        }
        words
    }

    /// Finds the slot written last, or the other if that is not intact, which `damaged` is told of.
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
        let mut error = None;
        for (id, memory) in self.newest_first() {
            match Slot::new(id, memory, crc) {
                Ok(Some(slot)) => return Ok(Some(slot)),
                Ok(None) => (),
                Err(found) => {
                    damaged(found);
                    error = Some(error.unwrap_or(found));
                }
            }
        }
        error.map_or(Ok(None), |error| Err(TableError::Slots(error)))
    }

    fn newest_first(&self) -> [(SlotId, &'a [u8]); 2] {
        let [first, second] = self.slots;
        let mut slots = [(SlotId::First, first), (SlotId::Second, second)];
        if slot::sequence(first) < slot::sequence(second) {
            slots.reverse();
        }
        slots
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
                table_in,
                SLOT,
                SNAPSHOT, //
            },
            wire::{
                Snapshot,
                CALL_COUNT_OFFSET,
                CALL_SERVICE_OFFSET,
                FAILED_OFFSET,
                FAULTED_OFFSET,
                SERVICES_OFF_OFFSET,
                USED_OFFSET, //
            },
        },
    };

    #[test]
    fn a_new_table_is_empty() {
        let bytes = blank();
        assert_eq!(table_in(&bytes).map(|t| t.latch()), Ok(Latch::Clear));
        let current =
            table_in(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|slot| slot.is_none()));
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
        let current = table_in(&bytes).and_then(|t| {
            let slot = t.current(crc32, |_| damage += 1)?;
            Ok(slot.map(|slot| slot.id))
        });
        assert_eq!(current, Ok(Some(SlotId::First)));
        assert_eq!(damage, 1);

        bytes[HEADER_SIZE + 16] ^= 1;
        let current = table_in(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|_| ()));
        assert!(matches!(
            current,
            Err(TableError::Slots(SlotError::Crc { .. }))
        ));
    }

    #[test]
    fn a_slot_that_does_not_count_is_not_checked() {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
        put(&mut bytes, 1, 2, &SNAPSHOT, &[]);
        bytes[HEADER_SIZE + 16] ^= 1;
        let mut damage = 0;
        let current = table_in(&bytes).and_then(|t| {
            let slot = t.current(crc32, |_| damage += 1)?;
            Ok(slot.map(|slot| slot.id))
        });
        assert_eq!(current, Ok(Some(SlotId::Second)));
        assert_eq!(damage, 0);
    }

    #[test]
    fn a_table_is_used_once_marked_or_called_through() {
        let used = |bytes: &[u8]| table_in(bytes).map(|table| table.used());
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
        let off = |bytes: &[u8]| table_in(bytes).map(|table| table.services_off());
        assert_eq!(off(&bytes), Ok(Services::NONE));
        bytes[SERVICES_OFF_OFFSET..][..4].copy_from_slice(&[0x41, 0, 0, 0xff]);
        assert_eq!(off(&bytes), Ok(Services::from_bits(0x41)));
        let failed = |bytes: &[u8]| table_in(bytes).map(|table| table.failed());
        assert_eq!(failed(&bytes), Ok(Services::NONE));
        bytes[FAILED_OFFSET..][..4].copy_from_slice(&[0x10, 0, 0, 0xff]);
        assert_eq!(failed(&bytes), Ok(Services::from_bits(0x10)));
    }

    #[test]
    fn what_is_allowed_is_read() {
        let mut bytes = blank();
        let allowed = |bytes: &[u8]| table_in(bytes).map(|table| table.allowed());
        assert_eq!(allowed(&bytes), Ok(Allowed::default()));
        bytes[allowed_offset(15)..][..4].copy_from_slice(&[1, 2, 0, 4]);
        let mut expected = Allowed::default();
        expected.0[15] = 0x0400_0201;
        assert_eq!(allowed(&bytes), Ok(expected));
    }

    #[test]
    fn two_lists_are_united() {
        let list = |words: &[u32]| {
            let mut list = Allowed::default();
            list.0[..words.len()].copy_from_slice(words);
            list
        };
        for (first, second, both) in [
            (&[][..], &[][..], &[][..]),
            (&[7], &[], &[7]),
            (&[7, 8], &[8, 9], &[7, 8, 9]),
            (&[1; 16], &[2], &[1; 16]),
        ] {
            assert_eq!(list(first).union(list(second)), list(both));
        }
    }

    #[test]
    fn the_latch_is_read() {
        let mut bytes = blank();
        bytes[CALL_SERVICE_OFFSET] = 5;
        bytes[CALL_COUNT_OFFSET] = 9;
        let (service, count) = (5, 9);
        let latch = |bytes: &[u8]| table_in(bytes).map(|table| table.latch());
        assert_eq!(latch(&bytes), Ok(Latch::InCall { service, count }));
        bytes[FAULTED_OFFSET + 3] = 1;
        let service = 1 << 24;
        assert_eq!(latch(&bytes), Ok(Latch::Faulted { service }));
        bytes[CALL_SERVICE_OFFSET] = 0;
        assert_eq!(latch(&bytes), Ok(Latch::Faulted { service }));
    }
}
