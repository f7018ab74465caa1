// SPDX-License-Identifier: GPL-2.0

//! Recorded firmware with this plan and with stock: the plan never maps less.

use super::*;
use crate::{
    not_less::assert_not_less,
    plan::{
        base::kind::Kind,
        handover::legacy::legacy_kind, //
    },
};

#[test]
fn firmware_has_what_stock_gives_it() {
    with_each(|firmware| {
        for space in firmware.spaces() {
            let [identity, fixed] = firmware.layouts(&space);
            let machine = firmware.machine(&space, false);
            let theirs = firmware.stock(machine).mapped();
            let strict = strict(firmware);
            if let Some(identity) = identity {
                let ours = firmware.page_tables(&identity, &space);
                let physical: Vec<_> = theirs
                    .iter()
                    .copied()
                    .filter(|m| m.virt == m.phys)
                    .collect();
                assert_not_less(&ours, &physical, machine, strict);
            }
            // Only on x86 does stock have the same addresses.
            if let (Some(fixed), Machine::X86 { .. }) = (fixed, machine) {
                let ours = firmware.page_tables(&fixed, &space);
                assert_not_less(&ours, &theirs, machine, strict);
            }
        }
    });
}

/// Stock has called SVAM, and starts a kernel with this plan.
#[test]
fn a_successor_of_stock_has_what_stock_had() {
    with_each(|firmware| {
        for space in firmware.spaces() {
            let machine = firmware.machine(&space, true);
            let stock = firmware.stock(machine);
            let mut map = firmware.recording.firmware.memory_map.clone();
            map.descriptors = firmware.runtime().copied().collect();
            for descriptor in &mut map.descriptors {
                descriptor.virt = stock.address_of(descriptor).unwrap();
            }
            let (bytes, size) = (map.bytes(), map.descriptor_size as usize);
            let mut regions = regions_of(&MemoryMap::new(&bytes, size).unwrap(), false);
            let kind = legacy_kind(&mut regions, &space, Kind::Ident);
            let long = firmware.recording.firmware.bits == 64;
            assert_eq!(kind, Ok(if long { Kind::Fixed } else { Kind::Ident }));
            let ours = firmware.page_tables(&regions, &space);
            assert_not_less(&ours, &stock.mapped(), machine, strict(firmware));
        }
    });
}

/// Tells if both use the memory attributes table, or both do not. Stock uses even a table that
/// firmware cannot work with.
fn strict(firmware: &Recorded) -> bool {
    !matches!(
        firmware.described(),
        Err(AttributesError::NothingWritable | AttributesError::NothingExecutable)
    )
}
