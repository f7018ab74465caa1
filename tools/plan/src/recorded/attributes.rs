// SPDX-License-Identifier: GPL-2.0

//! What recorded firmware says of its code.

use super::*;
use std::collections::BTreeMap;

const READ_ONLY: u64 = 1 << 17;
const NO_EXECUTE: u64 = 1 << 14;

/// What each page of code may be, said by the table alone.
fn said(firmware: &Recorded) -> BTreeMap<u64, u64> {
    let table = firmware.recording.firmware.memory_attributes.as_ref();
    let code = |d: &&Descriptor| MemoryType(d.ty) == MemoryType::RUNTIME_SERVICES_CODE;
    let entries = table.into_iter().flat_map(|table| &table.entries);
    entries
        .filter(code)
        .flat_map(|d| (0..d.pages).map(|page| (d.phys + page * 4096, d.attribute)))
        .collect()
}

#[test]
fn no_entry_is_passed_over() {
    with_each(|firmware| {
        let table = firmware.recording.firmware.memory_attributes.as_ref();
        let table = table.expect("all firmware at hand has one");
        let (pieces, ignored) = firmware.pieces();
        assert_eq!(ignored, 0);
        assert_eq!(pieces.len(), table.entries.len());
    });
}

/// Nothing but what firmware leaves writable and executable, or does not describe, is.
#[test]
fn writable_code_is_what_firmware_leaves() {
    with_each(|firmware| {
        let said = said(firmware);
        let code = firmware
            .runtime()
            .filter(|d| MemoryType(d.ty) == MemoryType::RUNTIME_SERVICES_CODE);
        let pages = code.flat_map(|d| (0..d.pages).map(|page| d.phys + page * 4096));
        let left = pages.filter(|page| {
            let attribute = said.get(page).copied().unwrap_or(0);
            attribute & (READ_ONLY | NO_EXECUTE) == 0
        });
        let entries = firmware.entries(&firmware.regions(false));
        let writable_code = entries
            .iter()
            .filter(|e| e.permission.writes() && e.permission.executes());
        let pages: u64 = writable_code.map(|e| e.phys.pages().count()).sum();
        assert_eq!(pages, left.count() as u64);
    });
}

/// GetTime() and all the others must be somewhere.
#[test]
fn something_is_executable() {
    with_each(|firmware| {
        let entries = firmware.entries(&firmware.regions(false));
        assert!(entries.iter().any(|entry| entry.permission.executes()));
        let data = entries
            .iter()
            .filter(|entry| entry.ty != MemoryType::RUNTIME_SERVICES_CODE);
        for entry in data {
            assert!(!entry.permission.executes(), "{entry:x?}");
        }
    });
}
