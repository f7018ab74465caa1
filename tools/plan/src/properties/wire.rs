// SPDX-License-Identifier: GPL-2.0

//! The handover table: a message is read as it was written, and damage is never read as a message.

use super::*;
use crate::{
    crc32,
    plan::{
        base::{
            addr::{
                Pages,
                PhysAddr,
                PhysRange,
                VirtAddr, //
            },
            kind::Svam,
        },
        handover::{
            encode::encode,
            frame::Frame,
            slot::SlotId,
            wire::{
                Identity,
                Snapshot,
                TableError,
                HEADER_SIZE, //
            }, //
        },
        map::entry::Entry,
    },
    table,
};
use core::ops::Range;

const SLOT_SIZE: usize = 512;
const SIZE: usize = HEADER_SIZE + 2 * SLOT_SIZE;

fn address() -> impl Strategy<Value = PhysAddr> {
    any::<u64>().prop_map(PhysAddr::new)
}

pub(super) fn snapshot() -> impl Strategy<Value = Snapshot> {
    let state = (kind(), 0u32..5).prop_filter_map("no such state", |(kind, svam)| {
        let svam = Svam::from_number(svam)?;
        svam.allows(kind).then_some((kind, svam))
    });
    let numbers = (any::<u32>(), prop::option::of(0..u32::MAX));
    let identity = (address(), any::<(u32, u32)>());
    let pointers = [address(), address(), address()];
    (state, numbers, any::<[bool; 2]>(), identity, pointers).prop_map(
        |((kind, svam), (generation, svam_generation), flags, identity, pointers)| Snapshot {
            generation,
            kind,
            svam,
            svam_generation,
            forward_cfg: flags[0],
            writable_code: flags[1],
            identity: Identity {
                systab: identity.0,
                revision: identity.1 .0,
                vendor_crc: identity.1 .1,
            },
            runtime: pointers[0],
            config: pointers[1],
            vendor: pointers[2],
        },
    )
}

fn entry() -> impl Strategy<Value = Entry> {
    let range = (0u64..(1 << 52) - 1, any::<u64>()).prop_map(|(first, pages)| {
        let pages = 1 + pages % ((1 << 52) - 1 - first);
        PhysRange::new(PhysAddr::new(first * PAGE_SIZE), Pages::new(pages)).unwrap()
    });
    let words = any::<(u32, u64, u64)>();
    (range, words, permission()).prop_map(|(phys, (ty, attributes, virt), permission)| Entry {
        ty: MemoryType(ty),
        attributes: Attributes(attributes),
        phys,
        virt: VirtAddr::new(virt),
        permission,
    })
}

type Message = (Snapshot, Vec<Entry>);

fn message() -> impl Strategy<Value = Message> {
    (snapshot(), vec(entry(), 0..10))
}

fn slot_id() -> impl Strategy<Value = SlotId> {
    select(vec![SlotId::First, SlotId::Second])
}

/// A table as the stub leaves it.
pub(super) fn blank(slot_size: usize) -> Vec<u8> {
    let size = HEADER_SIZE + 2 * slot_size;
    let mut bytes = vec![0; size];
    bytes[..8].copy_from_slice(b"EFIRTMAP");
    bytes[8..12].copy_from_slice(&(size as u32).to_le_bytes());
    bytes[12..16].copy_from_slice(&(slot_size as u32).to_le_bytes());
    bytes
}

fn memory_of(bytes: &[u8], id: SlotId) -> Range<usize> {
    Frame::of(bytes.first_chunk().unwrap()).unwrap().slot(id)
}

/// Writes a message, and returns its place.
pub(super) fn write(
    bytes: &mut [u8],
    id: SlotId,
    sequence: u32,
    message: &Message,
) -> Range<usize> {
    let memory = memory_of(bytes, id);
    let start = memory.start;
    let used = encode(&message.0, &message.1, sequence, crc32, &mut bytes[memory]).unwrap();
    start..start + used
}

/// Reads any bytes, as the next kernel does.
fn read(
    bytes: &[u8],
    identity: &Identity,
) -> Result<Option<(SlotId, Option<Message>)>, TableError> {
    let Some(table) = table(bytes) else {
        return Ok(None);
    };
    table.latch();
    let Some(slot) = table.current(crc32, |_| ())? else {
        return Ok(None);
    };
    let snapshot = slot.snapshot(identity).ok();
    let entries = slot
        .entries()
        .ok()
        .map(|list| list.collect::<Result<Vec<_>, _>>());
    let message = snapshot.and_then(|snapshot| Some((snapshot, entries?.ok()?)));
    Ok(Some((slot.id, message)))
}

/// A word that an accident, or an older or newer kernel, may leave.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        select(vec![
            0,
            1,
            39,
            40,
            41,
            95,
            96,
            97,
            512,
            513,
            u32::MAX - 4095,
            u32::MAX
        ]),
        any::<u32>(),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        message in message(),
        id in slot_id(),
        sequence: u32,
        before in vec(any::<u8>(), 2 * SLOT_SIZE),
    ) {
        let mut bytes = blank(SLOT_SIZE);
        let other = memory_of(&bytes, id.other());
        bytes[HEADER_SIZE..].copy_from_slice(&before);
        let (header, neighbour) = (bytes[..HEADER_SIZE].to_vec(), bytes[other.clone()].to_vec());
        let used = write(&mut bytes, id, sequence, &message);
        prop_assert_eq!(&bytes[..HEADER_SIZE], &header[..]);
        prop_assert_eq!(&bytes[other], &neighbour[..]);
        prop_assert_eq!(used.len(), 96 + 40 * message.1.len());
        let identity = message.0.identity;
        prop_assert_eq!(read(&bytes, &identity), Ok(Some((id, Some(message)))));
    }

    #[test]
    fn the_newer_message_counts(
        (old, new) in (message(), message()),
        id in slot_id(),
        (first, second) in any::<(u32, u32)>(),
    ) {
        prop_assume!(first != second);
        let mut bytes = blank(SLOT_SIZE);
        write(&mut bytes, id, first.min(second), &old);
        write(&mut bytes, id.other(), first.max(second), &new);
        let identity = new.0.identity;
        prop_assert_eq!(read(&bytes, &identity), Ok(Some((id.other(), Some(new)))));
    }

    #[test]
    fn one_flipped_bit_is_noticed(
        (old, new) in (message(), message()),
        id in slot_id(),
        at: Index,
        bit in 0..8,
    ) {
        let mut bytes = blank(SLOT_SIZE);
        let used = write(&mut bytes, id, 7, &new);
        bytes[used.start + at.index(used.len())] ^= 1u8 << bit;
        let alone = read(&bytes, &new.0.identity);
        prop_assert!(matches!(alone, Err(TableError::Slots(_))), "accepted: {:?}", alone);
        write(&mut bytes, id.other(), 6, &old);
        let identity = old.0.identity;
        prop_assert_eq!(read(&bytes, &identity), Ok(Some((id.other(), Some(old)))));
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..600), magic: bool, size in word()) {
        let mut bytes = bytes;
        if magic && bytes.len() >= 12 {
            bytes[..8].copy_from_slice(b"EFIRTMAP");
            bytes[8..12].copy_from_slice(&size.to_le_bytes());
        }
        let identity = Identity { systab: PhysAddr::new(0), revision: 0, vendor_crc: 0 };
        if let Ok(found) = read(&bytes, &identity) {
            prop_assert!(found.is_none(), "noise is a message");
        }
    }

    #[test]
    fn no_damage_panics(
        message in message(),
        words in vec((any::<Index>(), word()), 1..6),
        resealed: bool,
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut bytes = blank(SLOT_SIZE);
        let used = write(&mut bytes, SlotId::First, 1, &message);
        for (at, value) in words {
            let at = 4 * at.index(used.end / 4);
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        if resealed {
            let slot = &mut bytes[HEADER_SIZE..SIZE];
            let length = u32::from_le_bytes(slot[4..8].try_into().unwrap()) as usize;
            let crc = crc32(&slot[4..length.clamp(4, slot.len())]);
            slot[..4].copy_from_slice(&crc.to_le_bytes());
        }
        bytes.truncate(cut.map_or(SIZE, |at| at.index(SIZE)));
        if let Ok(Some((_, Some((snapshot, _))))) = read(&bytes, &message.0.identity) {
            prop_assert_eq!(snapshot.identity, message.0.identity);
            prop_assert!(snapshot.svam.allows(snapshot.kind));
            prop_assert_eq!(bytes.len(), SIZE, "cut short, and accepted");
        }
    }
}
