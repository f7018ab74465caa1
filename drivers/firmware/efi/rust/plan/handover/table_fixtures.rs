// SPDX-License-Identifier: GPL-2.0

//! Tables for the tests.

use crate::plan::{
    base::{
        addr::PhysAddr,
        bytes::u32_at,
        kind::{
            Kind,
            Svam, //
        }, //
    },
    fixtures::crc32,
    handover::{
        encode::encode,
        frame::Frame,
        slot::SlotId,
        table::Table,
        wire::{
            Identity,
            SlotError,
            Snapshot,
            TableError,
            HEADER_SIZE, //
        }, //
    },
    map::entry::Entry, //
};

pub(super) const SLOT: usize = 256;
pub(super) const SIZE: usize = HEADER_SIZE + 2 * SLOT;

pub(super) const SNAPSHOT: Snapshot = Snapshot {
    generation: 3,
    kind: Kind::Ident,
    svam: Svam::CalledIdent,
    svam_generation: Some(0),
    forward_cfg: true,
    writable_code: false,
    identity: Identity {
        systab: PhysAddr::new(0x3f00_0018),
        revision: 0x1_0000,
        vendor_crc: 0xdead_beef,
    },
    runtime: PhysAddr::new(0x3f00_1000),
    config: PhysAddr::new(0x3f00_2000),
    vendor: PhysAddr::new(0x3f00_3000),
};

/// A table as the stub leaves it.
pub(super) fn blank() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes[..HEADER_SIZE].copy_from_slice(&blank_header());
    bytes
}

pub(super) fn blank_header() -> [u8; HEADER_SIZE] {
    let mut header = [0; HEADER_SIZE];
    header[..8].copy_from_slice(b"EFIRTMAP");
    header[8..12].copy_from_slice(&(SIZE as u32).to_le_bytes());
    header[12..16].copy_from_slice(&(SLOT as u32).to_le_bytes());
    header
}

/// The table that `bytes` hold whole, as much of it as a kernel reads.
pub(crate) fn table_in(bytes: &[u8]) -> Result<Table<'_>, TableError> {
    let Some((header, _)) = bytes.split_first_chunk() else {
        return Err(TableError::Magic(0));
    };
    let frame = Frame::of(header)?;
    let slots = [SlotId::First, SlotId::Second].map(|id| {
        let slot = &bytes[frame.slot(id)];
        let read = slot.first_chunk().map_or(0, |header| frame.in_use(header));
        &slot[..read]
    });
    Ok(Table { header, slots })
}

pub(super) fn put(
    bytes: &mut [u8],
    slot: usize,
    sequence: u32,
    snapshot: &Snapshot,
    entries: &[Entry],
) {
    let start = HEADER_SIZE + slot * SLOT;
    encode(
        snapshot,
        entries,
        sequence,
        crc32,
        &mut bytes[start..start + SLOT],
    );
}

/// Changes a field of the first slot, and makes its CRC right again.
pub(super) fn patch(bytes: &mut [u8], offset: usize, value: u32) {
    let slot = &mut bytes[HEADER_SIZE..];
    slot[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    let length = u32_at(slot, 4).unwrap_or(0) as usize;
    let crc = crc32(&slot[4..length]);
    slot[..4].copy_from_slice(&crc.to_le_bytes());
}

pub(super) fn snapshot(bytes: &[u8]) -> Option<Result<Snapshot, SlotError>> {
    let slot = table_in(bytes).ok()?.current(crc32, |_| ()).ok()??;
    Some(slot.snapshot(&SNAPSHOT.identity))
}
