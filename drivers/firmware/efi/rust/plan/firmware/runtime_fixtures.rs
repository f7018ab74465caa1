// SPDX-License-Identifier: GPL-2.0

//! Runtime services tables for tests.

use crate::plan::{
    firmware::width::{
        Width,
        HEADER_SIZE, //
    },
    fixtures::crc32,
};

pub(crate) const TABLE_SIZE: usize = Width::Bits64.table_size();

/// A page of code. Pointers point into it.
pub(crate) const CODE: u64 = 0x20_0000;

/// Makes a table with a right CRC. Its pointers point into [`CODE`], unless `pointer` replaces
/// them.
pub(crate) fn table(pointer: impl Fn(usize) -> Option<u64>) -> [u8; TABLE_SIZE] {
    sized(Width::Bits64, TABLE_SIZE as u32, pointer)
}

/// Does the same for pointers of this `width`. Pointers behind `size` do not belong to the table.
pub(crate) fn sized(
    width: Width,
    size: u32,
    pointer: impl Fn(usize) -> Option<u64>,
) -> [u8; TABLE_SIZE] {
    let mut bytes = [0; TABLE_SIZE];
    bytes[..8].copy_from_slice(b"RUNTSERV");
    bytes[12..16].copy_from_slice(&size.to_le_bytes());
    let pointer_size = width.pointer_size();
    let slots = bytes[HEADER_SIZE..].chunks_exact_mut(pointer_size);
    for (slot, field) in slots.enumerate().take(14) {
        let address = pointer(slot).unwrap_or(CODE + 0x10 * slot as u64);
        field.copy_from_slice(&address.to_le_bytes()[..pointer_size]);
    }
    let crc = crc32(&bytes[..width.table_size().min(size as usize)]);
    bytes[16..20].copy_from_slice(&crc.to_le_bytes());
    bytes
}
