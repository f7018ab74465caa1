// SPDX-License-Identifier: GPL-2.0

//! The kernel's memory map of the firmware. SVAM gets it as argument, sysfs shows it, and both
//! kexec system calls pass it on.

use super::Arch;
use crate::{
    arch::KeepsMemoryMap,
    buffer::filled,
    failure::Failure,
    ffi::{
        self,
        Booting,
        TakeOver, //
    },
    plan::{
        choice::fresh::{
            freshness,
            Addresses,
            Freshness,
            Nonce,
            Traces, //
        },
        firmware::memmap::MemoryMap,
        map::{
            collect::collect,
            region::Region,
            write, //
        },
    }, //
};
use core::ptr::addr_of;
use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

impl KeepsMemoryMap for Arch {
    fn install_memory_map(take_over: &TakeOver, desc_size: usize, regions: &[Region]) -> Result {
        install(take_over, desc_size, regions, false)
    }

    // Firmware's own map becomes a map of its runtime regions at their physical addresses: SVAM has
    // not been called. The map of an earlier kernel stays as it is.
    fn pass_on_memory_map(booting: &Booting, used: bool) -> Result<(), Failure> {
        let (bytes, desc_size) = boot_memory_map(booting)?;
        let map = MemoryMap::new(&bytes, desc_size)?;
        let fresh = freshness(&Traces {
            used,
            passed: 0,
            nonce: Nonce::Absent,
            kexec: ffi::boot_facts(booting).kexec,
            free_memory: map.has_free_memory(),
            addresses: Addresses::Physical,
            stub: None,
        });
        if !matches!(fresh, Freshness::Fresh(_)) {
            // SAFETY: By the invariants of `Booting`, `__init` code is there.
            return Ok(to_result(unsafe { bindings::efi_rtmap_keep_memmap() })?);
        }
        let mut regions = filled(Region::BLANK, map.len(), |regions| {
            collect(&map, false, regions)
        })?;
        for region in &mut regions {
            region.virt = region.phys.start().identity();
        }
        Ok(replace_memory_map(booting, desc_size, &regions)?)
    }

    // Successors keep the addresses. Stock successors map any addresses that they get, and do not
    // call firmware if the RT_PROPERTIES table says that it supports nothing.
    fn withdraw_addresses() {}
}

/// Returns a copy of the memory map that this kernel was started with, and the size of a
/// descriptor.
fn boot_memory_map(_: &Booting) -> Result<(KVVec<u8>, usize)> {
    // SAFETY: By the invariants of `Booting`, nobody changes it.
    let memmap = unsafe { addr_of!(bindings::efi.memmap).read() };
    let count = usize::try_from(memmap.nr_map)?;
    let size = count.checked_mul(memmap.desc_size).ok_or(EOVERFLOW)?;
    let mut bytes = KVVec::from_elem(0, size, GFP_KERNEL)?;
    // SAFETY: `bytes` is valid for writes of `size` bytes.
    to_result(unsafe { bindings::efi_rtmap_copy_memmap(bytes.as_mut_ptr().cast(), size) })?;
    Ok((bytes, memmap.desc_size))
}

/// See [`KeepsMemoryMap::install_memory_map`]. If SVAM is to read the memory map, as `svam` says, maps
/// that too.
pub(super) fn install(
    take_over: &TakeOver,
    desc_size: usize,
    regions: &[Region],
    svam: bool,
) -> Result {
    replace_memory_map(take_over, desc_size, regions)?;
    // SAFETY: By the invariants of `TakeOver`, `__init` code is there.
    to_result(unsafe { bindings::efi_rtmap_finish_tables(svam) })
}

/// Makes `regions` the kernel's memory map, in memory of its own.
fn replace_memory_map(booting: &Booting, desc_size: usize, regions: &[Region]) -> Result {
    let size = regions.len().checked_mul(desc_size).ok_or(EOVERFLOW)?;
    // SAFETY: By the invariants of `Booting`, `__init` code is there.
    to_result(unsafe { bindings::efi_rtmap_new_memmap(size) })?;
    write_memory_map(booting, desc_size, regions)
}

pub(super) fn write_memory_map(booting: &Booting, desc_size: usize, regions: &[Region]) -> Result {
    ffi::rewrite_memory_map(booting, |bytes| {
        write::encode(regions, desc_size, bytes)
            .map(|_| ())
            .ok_or(EINVAL)
    })
}
