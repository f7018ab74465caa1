// SPDX-License-Identifier: GPL-2.0

//! The place in firmware at which a fault has happened, for people who read logs.

use crate::{
    ffi,
    plan::{
        addr::{
            PhysAddr,
            VirtAddr, //
        },
        memtype::MemoryType,
        region::Region, //
    },
    state::Map, //
};
use core::fmt;
use kernel::prelude::*;

/// Bytes of code that are shown.
const SHOWN: usize = 16;

/// Prints the region that `address` is in, and the bytes there.
///
/// # Safety
///
/// `map` is installed.
pub(crate) unsafe fn show_place(map: &Map, address: VirtAddr) {
    let found = |region: &&Region| region.offset_of(address).is_some();
    if let Some(region) = map.regions.iter().find(found) {
        let mut buffer = [0; SHOWN];
        // SAFETY: The region is mapped at this address, by this function's contract.
        let bytes = unsafe { bytes(region, address, &mut buffer) };
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

/// Reads what is at `address`, up to the end of `region`. Registers of devices are left alone.
///
/// # Safety
///
/// `region` is mapped at the address that the plan gives it.
unsafe fn bytes<'a>(region: &Region, address: VirtAddr, buffer: &'a mut [u8]) -> &'a [u8] {
    let offset = region.offset_of(address).unwrap_or(region.phys.bytes());
    let left = region.phys.bytes().saturating_sub(offset);
    let count = match region.ty {
        MemoryType::MAPPED_IO => 0,
        _ => buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX)),
    };
    let bytes = buffer.get_mut(..count).unwrap_or_default();
    // SAFETY: So many bytes are left of the region, which is mapped by this function's contract.
    unsafe { ffi::read_mapped(address, bytes) };
    bytes
}

/// Bytes as the kernel prints code.
struct Bytes<'a>(&'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("code")?;
        self.0.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
    }
}
