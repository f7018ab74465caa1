// SPDX-License-Identifier: GPL-2.0

//! The handover table: a kernel writes it, it is damaged anywhere, and the next kernel reads it.

use super::*;
use crate::{
    crc32,
    plan::{
        base::{
            addr::PhysAddr,
            kind::{
                Kind,
                Svam, //
            },
        },
        handover::{
            encode::encode,
            frame::Frame,
            inherit::entries_of,
            place::place,
            slot::SlotId,
            wire::{
                Identity,
                Snapshot,
                ENTRY_SIZE,
                HEADER_SIZE,
                MAGIC,
                SLOT_HEADER_SIZE, //
            }, //
        },
    },
    table,
};
use std::string::{
    String,
    ToString, //
};

const IDENTITY: Identity = Identity {
    systab: PhysAddr::new(0x3f00_0018),
    revision: 0x1_0000,
    vendor_crc: 0xdead_beef,
};

/// Byte 0 is the map kind. Byte 1 has flags. Bits 0 and 1: the address space. Bit 2: the CRC is
/// made right again. Bit 3: the last quarter is cut off. Then comes a memory map, after its length.
/// The rest is the damage: 2 bytes for the place, and 4 bytes for the value.
pub fn handover(data: &[u8]) {
    let [kind, options, rest @ ..] = data else {
        return;
    };
    let kind = Kind::ALL[usize::from(*kind) % Kind::ALL.len()];
    let space = SPACES[usize::from(*options) % SPACES.len()];
    let Some((memory_map, damage)) = split_map(rest) else {
        return;
    };
    let Ok(mut regions) = regions_of(&memory_map, false) else {
        return;
    };
    let fits = match kind.is_identity() {
        true => space.lay_out_identity(&mut regions),
        false => space.lay_out_fixed(&mut regions),
    };
    if fits.is_err() {
        return;
    }
    let entries = build(&space, &regions, &[]);
    let intact = write(kind, &entries);
    let mut bytes = intact.clone();
    for patch in damage.chunks_exact(6) {
        let at = usize::from(u16::from_le_bytes([patch[0], patch[1]])) % (bytes.len() - 3);
        bytes[at..at + 4].copy_from_slice(&patch[2..]);
    }
    if options & 4 != 0 {
        seal(&mut bytes);
    }
    if options & 8 != 0 {
        bytes.truncate(bytes.len() - bytes.len() / 4);
    }
    let taken = read(&bytes, &space);
    if bytes == intact {
        assert_eq!(taken, Ok(entries), "not what was written");
    }
    if let Ok(taken) = taken {
        // Regions that the entries move as a whole have one address.
        if place(&mut regions, &taken).is_ok() {
            map(&space, &taken);
            for entry in &taken {
                let mut ranges = memory_map.runtime_ranges();
                assert!(ranges.any(|range| range.contains_addr(entry.phys.start())));
            }
            for region in &regions {
                let start = region.phys.start();
                assert_eq!(invariants::address_in(&taken, start), Some(region.virt));
            }
        }
    }
}

/// Writes the table of a first kernel.
pub(crate) fn write(kind: Kind, entries: &[Entry]) -> Vec<u8> {
    let slot_size = SLOT_HEADER_SIZE + entries.len() * ENTRY_SIZE;
    let size = HEADER_SIZE + 2 * slot_size;
    let mut bytes = vec![0; size];
    bytes[..8].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[8..12].copy_from_slice(&(size as u32).to_le_bytes());
    bytes[12..16].copy_from_slice(&(slot_size as u32).to_le_bytes());
    let wx = |entry: &Entry| entry.permission.writes() && entry.permission.executes();
    let first = PhysAddr::new(0x1000);
    let snapshot = Snapshot {
        generation: 0,
        kind,
        svam: Svam::after(kind),
        svam_generation: Some(0),
        forward_cfg: false,
        writable_code: entries.iter().any(wx),
        identity: IDENTITY,
        runtime: entries.first().map_or(first, |entry| entry.phys.start()),
        config: first,
        vendor: first,
    };
    let slot = &mut bytes[HEADER_SIZE..HEADER_SIZE + slot_size];
    encode(&snapshot, entries, 1, crc32, slot).expect("a slot for just these");
    bytes
}

/// Corrects the CRC of both slots, if there are slots.
fn seal(bytes: &mut [u8]) {
    let frame = bytes.first_chunk().map(Frame::of);
    let Some(Ok(frame)) = frame.filter(|_| table(bytes).is_some()) else {
        return;
    };
    for id in [SlotId::First, SlotId::Second] {
        let slot = &mut bytes[frame.slot(id)];
        let length = u32::from_le_bytes([slot[4], slot[5], slot[6], slot[7]]) as usize;
        let crc = crc32(&slot[4..length.clamp(4, slot.len())]);
        slot[..4].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Returns the checked entries that the next kernel takes from the table, or the reason for a
/// refusal.
pub(crate) fn read(bytes: &[u8], space: &AddressSpace) -> Result<Vec<Entry>, String> {
    let table = table(bytes).ok_or("no table")?;
    // These never panic, with any bytes.
    table.used();
    table.latch();
    let slot = table
        .current(crc32, |_| ())
        .map_err(|error| error.to_string())?
        .ok_or("no slot has been written")?;
    let snapshot = slot
        .snapshot(&IDENTITY)
        .map_err(|error| error.to_string())?;
    assert!(snapshot.svam.allows(snapshot.kind));
    assert_eq!(snapshot.identity, IDENTITY);

    let mut buffer = vec![Entry::BLANK; slot.capacity()];
    let mut entries = List::new(&mut buffer);
    entries_of(&slot, &snapshot, space, &mut entries).map_err(|error| error.to_string())?;
    assert!(!entries.is_empty());
    invariants::inherited(&entries, snapshot.kind, snapshot.writable_code, space);
    Ok(entries.to_vec())
}
