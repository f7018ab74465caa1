// SPDX-License-Identifier: GPL-2.0

//! Dumps: of a frozen table, and of tables with one wrong byte.

extern crate std;

use super::*;
use crate::golden;
use std::vec;

const SLOT_SIZE: usize = 0x100;

/// Changes bytes of the slot that counts, and makes its CRC right again.
fn patched(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut table = golden::version_1_0();
    let start = HEADER_SIZE;
    let slot = &mut table[start..start + SLOT_SIZE];
    slot[offset..offset + bytes.len()].copy_from_slice(bytes);
    let length = u32_at(slot, 4).unwrap() as usize;
    let crc = crc32(&slot[4..length]);
    slot[..4].copy_from_slice(&crc.to_le_bytes());
    table
}

#[test]
fn a_table_says_all_it_has() {
    let dump = Dump::read(&golden::version_1_0()).unwrap();
    assert_eq!((dump.size, dump.used, dump.calls), (0x2c0, true, 41));
    assert_eq!(dump.in_progress.as_deref(), Some("SetVariable"));
    assert_eq!((dump.faulted.as_deref(), dump.passed), (None, 0));
    assert_eq!(dump.supported.as_ref().map(Vec::len), Some(12));
    assert_eq!(dump.services_off, ["SetTime"]);
    let stub = StubChoice {
        kind: Some("fixed"),
        svam: "called-fixed",
        status: None,
    };
    assert_eq!(dump.stub, Some(stub));
    let message = dump.message().unwrap().unwrap();
    assert_eq!((message.generation, message.svam_generation), (2, Some(0)));
    assert_eq!((message.kind, message.sequence), ("fixed", 3));
    let rights: Vec<_> = message.entries.iter().map(|entry| &*entry.rights).collect();
    assert_eq!(rights, ["r-x", "rw-"]);
    let Written::Whole(older) = &dump.slots[1] else {
        panic!("{:?}", dump.slots[1]);
    };
    assert_eq!(older.generation, 1);
}

#[test]
fn a_wrong_byte_is_named() {
    let second = HEADER_SIZE + SLOT_HEADER_SIZE + 40;
    for (offset, bytes, place, reason) in [
        (8, &[2, 0][..], 8, "version 2.0 is not understood by 1.0"),
        (20, &[9], 20, "unknown map kind 9"),
        (
            20,
            &[1],
            20,
            "map kind phys cannot follow SVAM state called-fixed",
        ),
        (24, &[5], 24, "unknown SVAM state 5"),
        (28, &[2], 28, "unknown flags 0x2"),
        (
            40,
            &[3],
            32,
            "3 entries of 40 bytes at 96 do not fit the slot",
        ),
    ] {
        let dump = Dump::read(&patched(offset, bytes)).unwrap();
        let refusal = dump.message().unwrap_err();
        assert_eq!(
            (refusal.offset, &*refusal.reason),
            (HEADER_SIZE + place, reason)
        );
    }
    for (offset, byte, place) in [(0, 1, second), (16, 0, second + 16), (36, 2, second + 36)] {
        let dump = Dump::read(&patched(SLOT_HEADER_SIZE + 40 + offset, &[byte])).unwrap();
        assert_eq!(dump.message().unwrap_err().offset, place);
    }
}

#[test]
fn a_damaged_slot_leaves_the_other() {
    let mut bytes = golden::version_1_0();
    bytes[HEADER_SIZE + 16] ^= 1;
    let dump = Dump::read(&bytes).unwrap();
    assert_eq!(
        dump.damage().map(|refusal| refusal.offset),
        Some(HEADER_SIZE)
    );
    assert_eq!(
        dump.message().unwrap().map(|message| message.generation),
        Some(1)
    );
    bytes[HEADER_SIZE + SLOT_SIZE + 16] ^= 1;
    let dump = Dump::read(&bytes).unwrap();
    assert_eq!(
        dump.message().map_err(|refusal| refusal.offset),
        Err(HEADER_SIZE)
    );
}

#[test]
fn no_table_is_read() {
    for (bytes, refusal) in [
        (
            vec![],
            "byte 0x0: the bytes end here, and the header of a table takes 192",
        ),
        (vec![7; 192], "byte 0x0: magic is 0x0707070707070707"),
        (
            golden::version_1_0()[..0x200].to_vec(),
            "byte 0x200: the bytes end here, and the whole table takes 704",
        ),
    ] {
        assert_eq!(Dump::read(&bytes).unwrap_err().to_string(), refusal);
    }
}

#[test]
fn a_table_of_the_stub_has_no_message() {
    let mut bytes = golden::version_1_0();
    bytes[HEADER_SIZE..].fill(0);
    let dump = Dump::read(&bytes).unwrap();
    assert_eq!(dump.slots, [Written::Never, Written::Never]);
    assert_eq!((dump.message(), dump.current), (Ok(None), None));
}
