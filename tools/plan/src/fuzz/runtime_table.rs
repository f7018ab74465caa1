// SPDX-License-Identifier: GPL-2.0

//! The runtime services table.

use super::*;
use crate::{
    crc32,
    plan::{
        base::addr::{
            PhysAddr,
            VirtAddr, //
        },
        firmware::{
            runtime::{
                check_place,
                RuntimeTable, //
            },
            service::{
                self,
                Services, //
            },
            width::Width,
        },
        fixtures::X86_64,
        map::pointers::find, //
    },
};
use std::string::ToString;

/// The input is a memory map, after its length, then 4 bytes, and then the table. The highest bit
/// of the 4 bytes makes the pointers 32 bits wide.
pub fn runtime_table(data: &[u8]) {
    let Some((memory_map, rest)) = split_map(data) else {
        return;
    };
    let Some((word, bytes)) = rest.split_first_chunk() else {
        return;
    };
    let (width, size) = if u32::from_le_bytes(*word) >> 31 != 0 {
        (Width::Bits32, 4)
    } else {
        (Width::Bits64, 8)
    };
    let Ok(mut regions) = regions_of(&memory_map, false) else {
        return;
    };
    if X86_64.lay_out_identity(&mut regions).is_err() {
        return;
    }
    let entries = build(&X86_64, &regions, &[]);
    let table = match RuntimeTable::new(bytes, width) {
        Ok(table) => table,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let pointer = |slot: usize| {
        let start = 24 + size * slot;
        let mut wide = [0; 8];
        wide[..size].copy_from_slice(&bytes[start..start + size]);
        VirtAddr::new(u64::from_le_bytes(wide))
    };
    let mut off = Services::NONE;
    for (service, stray) in table.strays(&entries) {
        assert!(!stray.to_string().is_empty());
        off = off.with(service.into());
    }
    for service in service::CALLED.iter().filter(|s| !off.contains(s)) {
        let addr = pointer(service.slot);
        assert_ne!(addr.value(), 0);
        assert!(entries.iter().any(|entry| entry.executes_at(addr)));
    }
    match table.check_svam(&memory_map) {
        Ok(()) => assert_ne!(pointer(service::SVAM.slot).value(), 0),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Some(flaw) = table.flaw(crc32) {
        assert!(!flaw.to_string().is_empty());
    }
    if let Some(place) = find(pointer(0), &regions) {
        assert!(regions
            .iter()
            .any(|region| region.phys.contains_addr(place)));
    }
    let somewhere = PhysAddr::new(pointer(0).value());
    if check_place(somewhere, width.table_size(), memory_map.runtime_ranges()).is_ok() {
        let last = PhysAddr::new(somewhere.value() + (width.table_size() - 1) as u64);
        for addr in [somewhere, last] {
            let mut ranges = memory_map.runtime_ranges();
            assert!(ranges.any(|range| range.contains_addr(addr)));
        }
    }
}
