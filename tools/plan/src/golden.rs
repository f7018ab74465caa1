// SPDX-License-Identifier: GPL-2.0

//! Handover tables as kernels have written them. Version 1 is frozen: the files in `golden/` must
//! be read like this for ever. A table whose meaning has to change gets a new major version.

extern crate std;

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
            kind::{
                Kind,
                Latch,
                Svam, //
            },
        },
        firmware::{
            memtype::{
                Attributes,
                MemoryType, //
            },
            perm::Permission,
            service::Services, //
        },
        handover::{
            properties::supported,
            stub::{
                stub,
                Nonce,
                Stub,
                StubReason, //
            },
            wire::{
                Identity,
                Snapshot, //
            }, //
        },
        map::entry::Entry,
    },
    table,
};
use std::vec::Vec;

/// Version 1.0, from a kernel on arm64 whose stub has called SVAM. A service is off, a call is in
/// progress, both slots are written, one flag may be ignored, and there is room behind the entries.
const VERSION_1_0: &str = include_str!("../golden/table-1.0.hex");

const SNAPSHOT: Snapshot = Snapshot {
    generation: 2,
    kind: Kind::Fixed,
    svam: Svam::CalledFixed,
    svam_generation: Some(0),
    forward_cfg: true,
    writable_code: false,
    identity: Identity {
        systab: PhysAddr::new(0x7f00_0018),
        revision: 0x1_0000,
        vendor_crc: 0xdead_beef,
    },
    runtime: PhysAddr::new(0x7f00_1000),
    config: PhysAddr::new(0x7f00_2000),
    vendor: PhysAddr::new(0x7f00_3000),
};

/// Reads the bytes of `text`. Each has two digits. A line that begins with `#` is a comment.
fn bytes(text: &str) -> Vec<u8> {
    let digits = text.lines().filter(|line| !line.starts_with('#'));
    let bytes = digits.flat_map(str::split_whitespace);
    bytes
        .map(|byte| u8::from_str_radix(byte, 16).expect("two digits"))
        .collect()
}

fn entry(ty: u32, phys: u64, virt: u64, pages: u64, permission: Permission) -> Entry {
    Entry {
        ty: MemoryType(ty),
        attributes: Attributes(0x8000_0000_0000_000f),
        phys: PhysRange::new(PhysAddr::new(phys), Pages::new(pages)).expect("a range"),
        virt: VirtAddr::new(virt),
        permission,
    }
}

/// A table of version 1.0.
pub(crate) fn version_1_0() -> Vec<u8> {
    bytes(VERSION_1_0)
}

#[test]
fn version_1_0_is_understood() {
    let bytes = version_1_0();
    let table = table(&bytes).expect("a table");
    assert!(table.used());
    assert_eq!(
        table.latch(),
        Latch::InCall {
            service: 7,
            count: 41,
        }
    );
    assert_eq!(table.services_off(), Services::from_bits(1 << 1));
    assert_eq!(supported(&bytes), Some(0x3fff));
    assert_eq!(
        Nonce::of_table(&bytes).map(Nonce::words),
        Some([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210])
    );
    assert_eq!(
        stub(&bytes),
        Some(Stub {
            kind: Some(Kind::Fixed),
            reason: StubReason::Quirk,
            answer: Some(Ok(())),
        })
    );

    let slot = table.current(crc32, |error| panic!("{error}"));
    let slot = slot.expect("intact slots").expect("a slot");
    assert_eq!(slot.sequence(), 3);
    assert_eq!(slot.snapshot(&SNAPSHOT.identity), Ok(SNAPSHOT));
    let entries = slot.entries().expect("entries");
    let entries: Result<Vec<_>, _> = entries.collect();
    assert_eq!(
        entries,
        Ok([
            entry(5, 0x7f10_0000, 0x2000_0000, 16, Permission::ReadExecute),
            entry(6, 0x7f11_0000, 0x2001_0000, 32, Permission::ReadWrite),
        ]
        .to_vec())
    );
}
