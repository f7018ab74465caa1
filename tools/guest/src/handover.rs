// SPDX-License-Identifier: GPL-2.0
//! A handover table, as the guest reads it. The layout comes from the ABI, not from the kernel's code,
//! so that the two check each other.

use thiserror::Error;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub const MAGIC: &[u8; 8] = b"EFIRTMAP";
/// Bytes before the slots.
pub const HEADER: usize = 192;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum Error {
    #[error("handover table: {0} bytes are too few for it")]
    Short(usize),
    #[error("handover table: magic is {0:02x?}")]
    Magic([u8; 8]),
    #[error("handover table: slot {slot} says that it is {length} bytes long")]
    Length { slot: usize, length: usize },
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Header {
    pub(crate) magic: [u8; 8],
    pub size: U32,
    pub(crate) slot_size: U32,
    pub call_service: U32,
    pub call_count: U32,
    used: U32,
    pub(crate) faulted: U32,
    properties: [u8; 8],
    supported: U32,
    pub(crate) services_off: U32,
    nonce: [u8; 16],
    stub: [u8; 24],
    room: [u8; 104],
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) crc: U32,
    length: U32,
    pub(crate) major: U16,
    minor: U16,
    pub(crate) sequence: U32,
    generation: U32,
    kind: U32,
    svam: U32,
    flags: U32,
    entry_offset: U32,
    entry_size: U32,
    entry_count: U32,
    svam_generation: U32,
    systab: U64,
    fw_revision: U32,
    pub(crate) vendor_crc: U32,
    runtime: U64,
    config: U64,
    vendor: U64,
    zero: U64,
}

#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Entry {
    pub(crate) phys: U64,
    pub(crate) virt: U64,
    pub(crate) pages: U64,
    pub(crate) attribute: U64,
    pub(crate) kind: U32,
    pub(crate) permission: U32,
}

const _: () = assert!(size_of::<Header>() == HEADER && size_of::<Slot>() == 96);
const _: () = assert!(size_of::<Entry>() == 40);

impl Header {
    pub fn read(bytes: &[u8]) -> Result<&Self, Error> {
        let (header, _) = Self::ref_from_prefix(bytes).map_err(|_| Error::Short(bytes.len()))?;
        if &header.magic != MAGIC {
            return Err(Error::Magic(header.magic));
        }
        Ok(header)
    }
}

/// The used bytes of the slot that was written last.
pub fn used(table: &[u8]) -> Result<u32, Error> {
    let header = Header::read(table)?;
    let slot_size = header.slot_size.get() as usize;
    let slots = table[size_of::<Header>()..].chunks_exact(slot_size.max(1));
    let slots = slots.filter_map(|bytes| Some(Slot::ref_from_prefix(bytes).ok()?.0));
    let last = slots.take(2).max_by_key(|slot| slot.sequence.get());
    last.map(|slot| slot.length.get())
        .ok_or(Error::Short(table.len()))
}

/// The used bytes of a slot that a reader would accept.
pub(crate) fn valid_slot(index: usize, bytes: &mut [u8]) -> Result<Option<&mut [u8]>, Error> {
    let room = bytes.len();
    let (slot, _) = Slot::ref_from_prefix(bytes).map_err(|_| Error::Short(room))?;
    let length = slot.length.get() as usize;
    if length == 0 {
        return Ok(None);
    }
    let slot_end = size_of::<Slot>() + size_of::<Entry>();
    if length < slot_end || length > room {
        return Err(Error::Length {
            slot: index,
            length,
        });
    }
    let crc = slot.crc.get();
    let used = &mut bytes[..length];
    Ok((crc32fast::hash(&used[4..]) == crc).then_some(used))
}

pub(crate) fn entries(bytes: &mut [u8]) -> impl Iterator<Item = &mut Entry> {
    let slot = slot_of(bytes);
    let offset = slot.entry_offset.get() as usize;
    let size = slot.entry_size.get() as usize;
    let count = slot.entry_count.get() as usize;
    let entries = bytes.get_mut(offset..).unwrap_or_default();
    let entries = entries.chunks_exact_mut(size.max(1)).take(count);
    entries.filter_map(|bytes| Some(Entry::mut_from_prefix(bytes).ok()?.0))
}

pub(crate) fn slot_of(bytes: &[u8]) -> &Slot {
    Slot::ref_from_prefix(bytes).expect("length was checked").0
}

pub(crate) fn slot_of_mut(bytes: &mut [u8]) -> &mut Slot {
    Slot::mut_from_prefix(bytes).expect("length was checked").0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SLOT_SIZE: usize = 512;

    /// Two slots with one entry each. A slot with the sequence number 0 is unused.
    pub(crate) fn table(sequences: [u32; 2]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER + 2 * SLOT_SIZE];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[12..16].copy_from_slice(&(SLOT_SIZE as u32).to_le_bytes());
        for (k, sequence) in sequences.into_iter().enumerate() {
            if sequence == 0 {
                continue;
            }
            let slot = &mut bytes[HEADER + k * SLOT_SIZE..][..136];
            slot[4..8].copy_from_slice(&136u32.to_le_bytes());
            slot[8..10].copy_from_slice(&1u16.to_le_bytes());
            slot[12..16].copy_from_slice(&sequence.to_le_bytes());
            // The start of the entries, their size, and their number.
            for (at, field) in [(32, 96u32), (36, 40), (40, 1)] {
                slot[at..at + 4].copy_from_slice(&field.to_le_bytes());
            }
            slot[132..136].copy_from_slice(&3u32.to_le_bytes());
            let crc = crc32fast::hash(&slot[4..]);
            slot[..4].copy_from_slice(&crc.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn what_is_used_is_of_the_last_slot() {
        let mut bytes = table([7, 6]);
        assert_eq!(used(&bytes), Ok(136));
        bytes[HEADER + 4] += 1;
        assert_eq!(used(&bytes), Ok(137));
        bytes[HEADER + SLOT_SIZE + 4] += 2;
        assert_eq!(used(&bytes), Ok(137));
        assert_eq!(used(&bytes[..100]), Err(Error::Short(100)));
    }
}
