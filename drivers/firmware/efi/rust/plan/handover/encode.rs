// SPDX-License-Identifier: GPL-2.0

//! Writing a table: its header, and a slot.

use crate::plan::{
    base::bytes::{
        put,
        write_fields,
        Crc32, //
    },
    handover::{
        format::{
            TableEntry,
            TableHeader,
            TableSlot, //
        },
        frame::Frame,
        slot::SlotId,
        stub::Nonce,
        wire::{
            Snapshot,
            CHECKED_FROM,
            ENTRY_SIZE,
            FLAG_FORWARD_CFG,
            FLAG_WRITABLE_CODE,
            HEADER_SIZE,
            MAGIC,
            MAJOR,
            MINOR,
            NONCE_OFFSET,
            NO_GENERATION,
            SLOT_HEADER_SIZE, //
        },
    },
    map::entry::Entry,
};

/// The header of a table whose slots have room for `entries`, and which a kernel uses already, and
/// the frame of the table. The rest of it is zero. [`None`] for more entries than any table has.
/// `nonce` is of the firmware's life, if a stub has given it one.
pub(crate) fn header(entries: usize, nonce: Option<Nonce>) -> Option<([u8; HEADER_SIZE], Frame)> {
    let frame = Frame::with_room(entries)?;
    let [first, second] = nonce.unwrap_or_default().words();
    let mut header = [0; HEADER_SIZE];
    write_fields!(
        &mut header,
        TableHeader {
            magic: MAGIC,
            size: u32::try_from(frame.size()).ok()?,
            slot_size: u32::try_from(frame.slot(SlotId::First).len()).ok()?,
            used: 1_u32,
        }
    );
    put::<NONCE_OFFSET, 8, HEADER_SIZE>(&mut header, first.to_le_bytes());
    put::<{ NONCE_OFFSET + 8 }, 8, HEADER_SIZE>(&mut header, second.to_le_bytes());
    Some((header, frame))
}

/// Writes `snapshot` and `entries` into `slot` under the number `sequence`. Returns how many bytes
/// that takes, or [`None`] if they do not fit.
pub(crate) fn encode(
    snapshot: &Snapshot,
    entries: &[Entry],
    sequence: u32,
    crc: Crc32,
    slot: &mut [u8],
) -> Option<usize> {
    let length = entries
        .len()
        .checked_mul(ENTRY_SIZE)?
        .checked_add(SLOT_HEADER_SIZE)?;
    let slot = slot.get_mut(..length)?;
    let flag = |set: bool, bit: u32| if set { bit } else { 0 };
    let flags = flag(snapshot.forward_cfg, FLAG_FORWARD_CFG)
        | flag(snapshot.writable_code, FLAG_WRITABLE_CODE);

    let (header, rest) = slot.split_first_chunk_mut()?;
    write_fields!(
        header,
        TableSlot {
            length: u32::try_from(length).ok()?,
            major: MAJOR,
            minor: MINOR,
            sequence: sequence,
            generation: snapshot.generation,
            kind: (snapshot.kind as u32),
            svam: (snapshot.svam as u32),
            flags: flags,
            entry_offset: u32::try_from(SLOT_HEADER_SIZE).ok()?,
            entry_size: u32::try_from(ENTRY_SIZE).ok()?,
            entry_count: u32::try_from(entries.len()).ok()?,
            svam_generation: snapshot.svam_generation.unwrap_or(NO_GENERATION),
            systab: snapshot.identity.systab.value(),
            fw_revision: snapshot.identity.revision,
            vendor_crc: snapshot.identity.vendor_crc,
            runtime: snapshot.runtime.value(),
            config: snapshot.config.value(),
            vendor: snapshot.vendor.value(),
            reserved: 0_u64,
        }
    );
    for (entry, bytes) in entries.iter().zip(rest.chunks_exact_mut(ENTRY_SIZE)) {
        let bytes = bytes.first_chunk_mut()?;
        write_fields!(
            bytes,
            TableEntry {
                phys: entry.phys.start().value(),
                virt: entry.virt.value(),
                pages: entry.phys.pages().count(),
                attribute: entry.attributes.0,
                type_: entry.ty.0,
                permission: entry.permission.bits(),
            }
        );
    }
    let checksum = crc(slot.get(CHECKED_FROM..)?);
    write_fields!(slot.first_chunk_mut()?, TableSlot { crc: checksum });
    Some(length)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_encode)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::{
            addr::VirtAddr,
            kind::Latch, //
        },
        firmware::{
            memtype::MemoryType,
            perm::Permission, //
        },
        fixtures::{
            crc32,
            BLANK_ENTRY, //
        },
        handover::{
            slot::SlotId,
            table_fixtures::{
                blank,
                put,
                snapshot,
                table_in,
                SNAPSHOT, //
            }, //
        },
    };

    #[test]
    fn decode_of_encode_is_identity() {
        let mut bytes = blank();
        let second = Entry {
            permission: Permission::ReadExecute,
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            virt: VirtAddr::new(0xffff_fffe_0000_0000),
            ..BLANK_ENTRY
        };
        put(&mut bytes, 1, 1, &SNAPSHOT, &[BLANK_ENTRY, second]);
        assert_eq!(snapshot(&bytes), Some(Ok(SNAPSHOT)));
        let slot = table_in(&bytes).and_then(|t| t.current(crc32, |_| ()));
        let slot = slot.ok().flatten();
        assert_eq!(slot.map(|slot| slot.id), Some(SlotId::Second));
        let entries = slot.and_then(|slot| slot.entries().ok());
        assert!(entries.is_some_and(|list| list.eq([Ok(BLANK_ENTRY), Ok(second)])));
    }

    #[test]
    fn a_new_table_is_in_use_and_has_room() {
        for entries in [0, 1, 2] {
            let Some((header, frame)) = header(entries, None) else {
                unreachable!("{entries} entries do not fit");
            };
            assert_eq!(Frame::of(&header), Ok(frame));
            let room = [entries, entries + 1].map(|entries| frame.length(entries).is_some());
            assert_eq!(room, [true, false]);
            let mut bytes = [0; HEADER_SIZE + 2 * (SLOT_HEADER_SIZE + 2 * ENTRY_SIZE)];
            bytes[..HEADER_SIZE].copy_from_slice(&header);
            assert!(table_in(&bytes).is_ok_and(|table| table.used()
                && table.latch() == Latch::Clear
                && matches!(table.current(crc32, |_| ()), Ok(None))));
        }
        assert!(header(usize::MAX / ENTRY_SIZE, None).is_none());
    }

    #[test]
    fn a_new_table_is_of_the_firmwares_life() {
        let nonce = Nonce::read(&[7; size_of::<Nonce>()]);
        assert!(nonce.is_some());
        let made = header(1, nonce);
        assert!(made.is_some_and(|(header, _)| Nonce::of_table(&header) == nonce));
    }

    #[test]
    fn a_slot_too_small_is_not_written() {
        let mut slot = [0; SLOT_HEADER_SIZE + ENTRY_SIZE];
        let used = encode(&SNAPSHOT, &[BLANK_ENTRY], 1, crc32, &mut slot);
        assert_eq!(used, Some(slot.len()));
        let too_many = [BLANK_ENTRY; 2];
        assert_eq!(encode(&SNAPSHOT, &too_many, 1, crc32, &mut slot), None);
    }
}
