// SPDX-License-Identifier: GPL-2.0
//! Files of QEMU's fw_cfg device (its docs/specs/fw_cfg).

use crate::arch;

const DIRECTORY: u16 = 0x19;
const LONGEST_NAME: usize = 56;

/// Reads the file into `buffer`. Returns None if there is no such file or it is too large.
pub fn read<'a>(name: &str, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let (selector, size) = find(name)?;
    let content = buffer.get_mut(..size as usize)?;
    arch::select_fw_cfg(selector);
    content.fill_with(arch::read_fw_cfg);
    Some(content)
}

fn find(name: &str) -> Option<(u16, u32)> {
    arch::select_fw_cfg(DIRECTORY);
    let count = u32::from_be_bytes(next());
    (0..count)
        .map(|_| {
            let size = u32::from_be_bytes(next());
            let selector = u16::from_be_bytes(next());
            let _reserved: [u8; 2] = next();
            (selector, size, next::<LONGEST_NAME>())
        })
        .find(|(_, _, padded)| {
            let (start, rest) = padded.split_at(name.len());
            start == name.as_bytes() && rest[0] == 0
        })
        .map(|(selector, size, _)| (selector, size))
}

fn next<const SIZE: usize>() -> [u8; SIZE] {
    core::array::from_fn(|_| arch::read_fw_cfg())
}
