// SPDX-License-Identifier: GPL-2.0

//! The memory attributes table.

use super::*;
use crate::plan::{
    firmware::memattr::Header,
    map::pieces::pieces, //
};
use std::string::ToString;

/// The input is a memory map, after its length, and then the table.
pub fn memory_attributes(data: &[u8]) {
    let Some((memory_map, table)) = split_map(data) else {
        return;
    };
    let Ok(mut regions) = regions_of(&memory_map, true) else {
        return;
    };
    for space in SPACES {
        let Some(described) = read(table, &regions, basis(&space)) else {
            return;
        };
        if space.lay_out_fixed(&mut regions).is_ok() {
            build(&space, &regions, &described);
        }
    }
}

/// Reads the table's pieces of `regions`, and checks them.
pub(super) fn read(table: &[u8], regions: &[Region], basis: Basis) -> Option<Vec<Piece>> {
    let header = match Header::new(table) {
        Ok(header) => header,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    // A table that claims more than its bytes can hold is refused before the list is used.
    let mut buffer = vec![Piece::BLANK; header.entries().min(table.len())];
    let mut list = List::new(&mut buffer);
    match pieces(table, regions, basis, &mut list) {
        Ok(ignored) => {
            assert_eq!(list.len() + ignored, header.entries());
            invariants::pieces(&list, regions);
            Some(list.to_vec())
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
