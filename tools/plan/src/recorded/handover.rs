// SPDX-License-Identifier: GPL-2.0

//! The map that the next kernel takes over, for recorded firmware.

use super::*;
use crate::{
    fuzz,
    plan::{
        base::kind::Kind,
        handover::{
            legacy::legacy_kind,
            place::place, //
        },
        map::write::encode, //
    },
};

/// The regions at the addresses of `kind`, if they fit this firmware.
fn laid_out(firmware: &Recorded, kind: Kind) -> Option<Vec<Region>> {
    let [identity, fixed] = firmware.layouts(&firmware.space);
    if kind.is_identity() {
        identity
    } else {
        fixed
    }
}

#[test]
fn every_kind_is_inherited_as_it_was_made() {
    with_each(|firmware| {
        for kind in Kind::ALL {
            let Some(regions) = laid_out(firmware, kind) else {
                continue;
            };
            let entries = firmware.entries(&regions);
            let table = fuzz::handover::write(kind, &entries);
            let taken = fuzz::handover::read(&table, &firmware.space);
            assert_eq!(taken.as_ref(), Ok(&entries));
            let mut again = firmware.regions(false);
            assert_eq!(place(&mut again, &entries), Ok(()));
            assert_eq!(again, regions);
        }
    });
}

#[test]
fn the_table_of_one_firmware_is_not_taken_for_another() {
    with_each(|firmware| {
        let regions = laid_out(firmware, Kind::Ident).unwrap();
        let table = fuzz::handover::write(Kind::Ident, &firmware.entries(&regions));
        with_each(|other| {
            let regions = &mut other.regions(false);
            let same = *regions == firmware.regions(false);
            let taken = fuzz::handover::read(&table, &other.space);
            let placed = taken.is_ok_and(|entries| place(regions, &entries).is_ok());
            assert_eq!(placed, same);
        });
    });
}

/// A stock successor gets the runtime regions with their addresses, and nothing else.
#[test]
fn a_stock_successor_finds_the_kind_and_the_addresses() {
    with_each(|firmware| {
        for kind in [Kind::Ident, Kind::Fixed] {
            let Some(regions) = laid_out(firmware, kind) else {
                continue;
            };
            let size = firmware.memory_map().len() * 48;
            let mut bytes = vec![0; size];
            let used = encode(&regions, 48, &mut bytes).unwrap();
            let left = MemoryMap::new(&bytes[..used], 48).unwrap();
            assert!(!left.has_free_memory());
            let mut found = regions_of(&left, false);
            assert_eq!(found, regions);
            assert_eq!(
                legacy_kind(&mut found, &firmware.space, Kind::Ident),
                Ok(kind)
            );
        }
    });
}
