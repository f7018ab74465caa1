// SPDX-License-Identifier: GPL-2.0

//! The place in firmware at which a fault has happened, for people who read logs.

use crate::{
    plan::{
        base::addr::{
            PhysAddr,
            VirtAddr, //
        },
        firmware::memtype::MemoryType,
        map::region::Region, //
    },
    state::Map,
};
use core::fmt;
use kernel::prelude::*;

/// Bytes of code that are shown.
const SHOWN: usize = 16;

/// Prints the region that holds `address`, and the bytes at `address`. `read` gives these bytes. It
/// is called only for memory of regions, with the address at which the memory is mapped.
pub(crate) fn show_place(map: &Map, address: VirtAddr, read: impl FnOnce(VirtAddr, &mut [u8])) {
    let offset = |region| Some((region, Region::offset_of(region, address)?));
    if let Some((region, offset)) = map.regions.iter().find_map(offset) {
        let mut buffer = [0; SHOWN];
        let bytes = memory(region, offset, &mut buffer);
        read(address, bytes);
        pr_err!(
            "{} is in {} at {}: {}\n",
            format_args!("{address}"),
            format_args!("{}", region.ty),
            format_args!("{}", region.phys),
            format_args!("{}", Bytes(bytes))
        );
        return;
    }
    let physical = PhysAddr::new(address.value());
    let alias = |region: &&Region| region.phys.contains_addr(physical);
    match map.regions.iter().find(alias) {
        Some(region) => pr_err!(
            "{} is the physical address of {} at {}\n",
            format_args!("{address}"),
            format_args!("{}", region.ty),
            format_args!("{}", region.phys)
        ),
        None => pr_err!("{} is in no runtime region\n", format_args!("{address}")),
    }
}

/// Returns the part of `buffer` for which `region` has memory from `offset` on. Registers of
/// devices are not read.
fn memory<'a>(region: &Region, offset: u64, buffer: &'a mut [u8]) -> &'a mut [u8] {
    let left = region.phys.bytes().saturating_sub(offset);
    let count = match region.ty {
        MemoryType::MAPPED_IO => 0,
        _ => buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX)),
    };
    buffer.get_mut(..count).unwrap_or_default()
}

/// Formats bytes as the kernel prints code.
struct Bytes<'a>(&'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("code")?;
        self.0.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
    }
}
