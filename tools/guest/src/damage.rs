// SPDX-License-Identifier: GPL-2.0
//! Damages a handover table on purpose.

use thiserror::Error;
use zerocopy::FromBytes;

use crate::handover::{self, entries, slot_of, slot_of_mut, valid_slot, Entry, Header, MAGIC};
use crate::plan::Damage;

/// Bits of an entry's permission.
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;
/// The unit of an entry's size.
const EFI_PAGE: u64 = 4096;
/// GetTime, in the kernel's numbering of runtime services.
const GET_TIME: u32 = 1;
/// SetTime, as a bit of RT_PROPERTIES.
const SET_TIME: u32 = 1 << 1;
/// The distance by which [`Damage::Moved`] moves entries.
const DISTANCE: u64 = 1 << 30;
const UPPER_HALF: u64 = 1 << 63;
/// The bytes that [`Damage::Larger`] adds to the size.
const EXCESS: u32 = 1 << 20;
/// No runtime region has this address, on any machine of the lab.
const OUTSIDE: u64 = 0x0100_0000;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum Error {
    #[error(transparent)]
    Table(#[from] handover::Error),
    #[error("handover table: {0} valid slots, {1:?} needs {2}")]
    Slots(usize, Damage, usize),
}

/// Returns the bytes that replace `magic`. `magic` is a table's, or the result of an earlier call.
pub fn toggle_magic(magic: &[u8]) -> Result<[u8; 8], handover::Error> {
    let found = <[u8; 8]>::try_from(magic).map_err(|_| handover::Error::Short(magic.len()))?;
    let toggled = found.map(|byte| !byte);
    if &found == MAGIC || &toggled == MAGIC {
        Ok(toggled)
    } else {
        Err(handover::Error::Magic(found))
    }
}

/// Damages the whole `table`, and describes the change.
pub fn apply(table: &mut [u8], damage: Damage) -> Result<String, Error> {
    let slot_size = Header::read(table)?.slot_size.get() as usize;
    let total = table.len();
    let (header, slots) =
        Header::mut_from_prefix(table).map_err(|_| handover::Error::Short(total))?;
    if damage == Damage::InCall {
        header.call_service = GET_TIME.into();
        return Ok("in-call mark set".into());
    }
    if damage == Damage::Larger {
        header.size = (header.size.get() + EXCESS).into();
        return Ok(format!("size {}", header.size));
    }
    if damage == Damage::Faulted {
        header.faulted = GET_TIME.into();
        return Ok("fault recorded".into());
    }
    if damage == Damage::ServicesOff {
        header.services_off = SET_TIME.into();
        return Ok("SetTime taken off".into());
    }

    let mut valid = Vec::new();
    for (index, bytes) in slots.chunks_exact_mut(slot_size.max(1)).take(2).enumerate() {
        valid.extend(valid_slot(index, bytes)?.map(|bytes| (index, bytes)));
    }
    valid.sort_by_key(|(_, bytes)| std::cmp::Reverse(slot_of(bytes).sequence.get()));
    let needed = if damage == Damage::CrcOneSlot { 2 } else { 1 };
    if valid.len() < needed {
        return Err(Error::Slots(valid.len(), damage, needed));
    }
    if damage == Damage::CrcOneSlot {
        valid.truncate(1);
    }
    let changed: Vec<usize> = valid.iter().map(|(index, _)| *index).collect();
    for (_, bytes) in valid {
        spoil(bytes, damage);
    }
    Ok(format!("slots {changed:?} spoiled"))
}

fn spoil(bytes: &mut [u8], damage: Damage) {
    match damage {
        Damage::CrcOneSlot | Damage::CrcBoth => {
            bytes[0] ^= 0xff;
            return;
        }
        Damage::NewerMajor => {
            let slot = slot_of_mut(bytes);
            slot.major = (slot.major.get() + 1).into();
        }
        Damage::EntryOutside => {
            if let Some(entry) = entries(bytes).next() {
                if entry.virt == entry.phys {
                    entry.virt = OUTSIDE.into();
                }
                entry.phys = OUTSIDE.into();
            }
        }
        Damage::Moved => {
            for entry in entries(bytes) {
                // The address stays in the window. x86 fills it from the top, and arm64 from the
                // bottom.
                let virt = entry.virt.get();
                let up = virt < UPPER_HALF;
                let distance = if up {
                    DISTANCE
                } else {
                    DISTANCE.wrapping_neg()
                };
                entry.virt = virt.wrapping_add(distance).into();
            }
        }
        Damage::ReadOnly => {
            for entry in entries(bytes) {
                entry.permission = (entry.permission.get() & !WRITE).into();
            }
        }
        Damage::UnalignedCode => {
            let mut entries: Vec<&mut Entry> = entries(bytes).collect();
            if let Some(at) = entries.windows(2).rposition(is_code_behind_data) {
                let pages = |entry: &Entry| entry.pages.get();
                entries[at].pages = (pages(entries[at]) + 1).into();
                let code = &mut entries[at + 1];
                code.phys = (code.phys.get() + EFI_PAGE).into();
                code.virt = (code.virt.get() + EFI_PAGE).into();
                code.pages = (pages(code) - 1).into();
            }
        }
        Damage::ForeignFirmware => {
            let slot = slot_of_mut(bytes);
            slot.vendor_crc = (!slot.vendor_crc.get()).into();
        }
        Damage::Magic | Damage::Larger | Damage::InCall | Damage::Faulted | Damage::ServicesOff => {
            unreachable!("outside the slots")
        }
    }
    let crc = crc32fast::hash(&bytes[4..]);
    slot_of_mut(bytes).crc = crc.into();
}

/// Tells if the second entry of `pair` is code of more than one page that touches the first entry.
fn is_code_behind_data(pair: &[&mut Entry]) -> bool {
    let (data, code) = (&pair[0], &pair[1]);
    let touches = data.phys.get() + data.pages.get() * EFI_PAGE == code.phys.get();
    let executes = |entry: &Entry| entry.permission.get() & EXECUTE != 0;
    touches && executes(code) && !executes(data) && code.pages.get() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handover::tests::{table, SLOT_SIZE};
    use crate::handover::HEADER;
    use zerocopy::IntoBytes;

    fn crc_right(table: &[u8], slot: usize) -> bool {
        let slot = &table[HEADER + slot * SLOT_SIZE..][..136];
        crc32fast::hash(&slot[4..]).to_le_bytes() == slot[..4]
    }

    fn damaged(sequences: [u32; 2], damage: Damage) -> Vec<u8> {
        let mut bytes = table(sequences);
        apply(&mut bytes, damage).unwrap();
        bytes
    }

    #[test]
    fn one_slot_is_the_current_one() {
        let bytes = damaged([7, 6], Damage::CrcOneSlot);
        assert_eq!((crc_right(&bytes, 0), crc_right(&bytes, 1)), (false, true));
        let bytes = damaged([6, 7], Damage::CrcOneSlot);
        assert_eq!((crc_right(&bytes, 0), crc_right(&bytes, 1)), (true, false));
    }

    #[test]
    fn one_of_one_slot_is_refused() {
        let error = apply(&mut table([1, 0]), Damage::CrcOneSlot).unwrap_err();
        assert_eq!(error, Error::Slots(1, Damage::CrcOneSlot, 2));
    }

    #[test]
    fn both_slots() {
        let bytes = damaged([1, 2], Damage::CrcBoth);
        assert_eq!((crc_right(&bytes, 0), crc_right(&bytes, 1)), (false, false));
    }

    #[test]
    fn what_lies_behind_the_checksum_gets_a_right_one() {
        let good = table([1, 0]);
        for (damage, changed) in [
            (Damage::NewerMajor, 8..10),
            (Damage::ForeignFirmware, 60..64),
            (Damage::EntryOutside, 96..112),
            (Damage::ReadOnly, 132..136),
            (Damage::Moved, 104..112),
        ] {
            let bytes = damaged([1, 0], damage);
            assert!(crc_right(&bytes, 0), "{damage:?}");
            assert_ne!(
                bytes[HEADER..][changed.clone()],
                good[HEADER..][changed],
                "{damage:?}"
            );
        }
    }

    #[test]
    fn code_loses_a_page_to_the_data_before_it() {
        let entry = |phys: u64, pages: u64, permission: u32| Entry {
            phys: phys.into(),
            virt: phys.into(),
            pages: pages.into(),
            attribute: 0.into(),
            kind: 5.into(),
            permission: permission.into(),
        };
        let mut bytes = table([1, 0]);
        let slot = &mut bytes[HEADER..HEADER + 96 + 2 * 40];
        slot[4..8].copy_from_slice(&176u32.to_le_bytes());
        slot[40] = 2;
        slot[96..136].copy_from_slice(entry(0x10000, 16, 3).as_bytes());
        slot[136..].copy_from_slice(entry(0x20000, 16, 5).as_bytes());
        let crc = crc32fast::hash(&slot[4..]);
        slot[..4].copy_from_slice(&crc.to_le_bytes());

        apply(&mut bytes, Damage::UnalignedCode).unwrap();
        let slot = &bytes[HEADER..HEADER + 176];
        assert_eq!(&slot[96..136], entry(0x10000, 17, 3).as_bytes());
        assert_eq!(&slot[136..], entry(0x21000, 15, 5).as_bytes());
        assert_eq!(crc32fast::hash(&slot[4..]).to_le_bytes(), slot[..4]);
    }

    #[test]
    fn what_is_outside_the_slots_is_set() {
        for (damage, at, value) in [
            (Damage::InCall, 16, GET_TIME),
            (Damage::Faulted, 28, GET_TIME),
            (Damage::ServicesOff, 44, SET_TIME),
        ] {
            let bytes = damaged([1, 2], damage);
            assert_eq!(bytes[at..at + 4], value.to_le_bytes());
            assert_eq!(bytes[HEADER..], table([1, 2])[HEADER..]);
        }
    }

    #[test]
    fn a_size_is_raised() {
        let mut bytes = table([1, 2]);
        apply(&mut bytes, Damage::Larger).unwrap();
        assert_eq!(bytes[8..12], EXCESS.to_le_bytes());
        assert_eq!(bytes[HEADER..], table([1, 2])[HEADER..]);
    }

    #[test]
    fn a_magic_that_is_spoiled_twice_is_right() {
        let spoiled = toggle_magic(MAGIC).unwrap();
        assert_ne!(&spoiled, MAGIC);
        assert_eq!(&toggle_magic(&spoiled).unwrap(), MAGIC);
        assert_eq!(
            toggle_magic(&[0xaa; 8]),
            Err(handover::Error::Magic([0xaa; 8]))
        );
    }

    #[test]
    fn other_memory_is_not_touched() {
        let mut bytes = vec![0xaa; 4096];
        assert_eq!(
            apply(&mut bytes, Damage::CrcBoth),
            Err(handover::Error::Magic([0xaa; 8]).into())
        );
        assert_eq!(bytes, vec![0xaa; 4096]);
        assert_eq!(
            apply(&mut [0; 10], Damage::CrcBoth),
            Err(handover::Error::Short(10).into())
        );
    }
}
