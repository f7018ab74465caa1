// SPDX-License-Identifier: GPL-2.0

//! Physical memory that firmware or an earlier kernel has filled. A proof comes before each
//! mapping.

use crate::{
    failure::Failure,
    ffi::{
        proven::Proven,
        take_over::TakeOver, //
    },
    plan::{
        base::addr::PhysAddr,
        firmware::{
            memmap::{
                MemoryMap,
                DESCRIPTOR_SIZE, //
            },
            owner::{
                extent,
                BootServices,
                Foreign,
                KernelMemory, //
            },
        },
    },
};
use core::{
    ptr::addr_of,
    slice, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// The proofs that memory belongs to firmware.
pub(crate) struct FirmwareMemory {
    /// The kernel's memory map of the firmware. Empty if it has none.
    map: KVVec<u8>,
    desc_size: usize,
}

impl FirmwareMemory {
    /// Copies the current memory map of the kernel.
    ///
    /// # Errors
    ///
    /// `ENOMEM` if there is no memory for the copy.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: It changes at boot only, in the one thread that also runs initcalls. Nothing else
        // calls this.
        let memmap = unsafe { addr_of!(bindings::efi.memmap).read() };
        let mut map = KVVec::new();
        if memmap.map.is_null() {
            let desc_size = DESCRIPTOR_SIZE;
            return Ok(Self { map, desc_size });
        }
        let desc_size = memmap.desc_size;
        let count = usize::try_from(memmap.nr_map)?;
        let size = count.checked_mul(desc_size).ok_or(EOVERFLOW)?;
        // SAFETY: `map` is the kernel's mapping of `nr_map` descriptors of `desc_size` bytes.
        let bytes = unsafe { slice::from_raw_parts(memmap.map.cast::<u8>(), size) };
        map.extend_from_slice(bytes, GFP_KERNEL)?;
        Ok(Self { map, desc_size })
    }

    /// The memory map.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no memory map, or it is not valid.
    pub(crate) fn map(&self) -> Result<MemoryMap<'_>, Failure> {
        if self.map.is_empty() {
            return Err(Failure::NoMemoryMap);
        }
        Ok(MemoryMap::new(&self.map, self.desc_size)?)
    }

    /// The size of one descriptor of the memory map, in bytes.
    pub(crate) fn desc_size(&self) -> usize {
        self.desc_size
    }

    /// Finds the start of the `most` bytes at `addr` that belongs to firmware and can be mapped at
    /// once.
    ///
    /// # Errors
    ///
    /// [`Foreign`] if there is none.
    pub(crate) fn find(
        &self,
        addr: PhysAddr,
        most: usize,
        boot_services: BootServices,
    ) -> Result<Proven, Foreign> {
        let map = self.map().unwrap_or(MemoryMap::EMPTY);
        let kernel = KernelMemory {
            kept: &kept_until,
            outside_ram: &outside_ram_until,
        };
        let owned = extent(&map, boot_services, &kernel, addr, most)?;
        match mappable(addr, owned) {
            0 => Err(Foreign(addr)),
            // SAFETY: `extent` has found so many bytes to be firmware's, or more, and `mappable`
            // all RAM or none.
            size => Ok(unsafe { Proven::new(addr, size) }),
        }
    }

    /// Copies the bytes that [`Self::find`] finds.
    ///
    /// # Errors
    ///
    /// The errors of [`Self::find`], and `ENOMEM` if there is no memory for the copy.
    pub(crate) fn read(
        &self,
        take_over: &TakeOver,
        addr: PhysAddr,
        most: usize,
        boot_services: BootServices,
    ) -> Result<KVVec<u8>, Failure> {
        let place = self.find(addr, most, boot_services)?;
        Ok(copy(take_over, &place)?)
    }
}

/// Copies the memory of `place`.
///
/// # Errors
///
/// `ENOMEM`.
fn copy(_: &TakeOver, place: &Proven) -> Result<KVVec<u8>> {
    let (start, size) = (place.start().value(), place.size());
    let mut bytes = KVVec::<u8>::with_capacity(size, GFP_KERNEL)?;
    // SAFETY: `bytes` has room for `size` bytes, and by the invariants of `Proven` there are so
    // many at `start`. By those of `TakeOver`, `__init` code is there, and nobody else uses early
    // mappings.
    to_result(unsafe { bindings::efi_rtmap_copy(bytes.as_mut_ptr().cast(), start, size) })?;
    // SAFETY: They are all written.
    unsafe { bytes.inc_len(size) };
    Ok(bytes)
}

/// Returns the end of the memory that the kernel has set aside at `addr`, or `addr`.
fn kept_until(addr: PhysAddr) -> PhysAddr {
    // SAFETY: There are no requirements.
    PhysAddr::new(unsafe { bindings::efi_rtmap_kept_until(addr.value()) })
}

/// Returns the end of the memory at `addr` that is not RAM for the kernel, or `addr`.
fn outside_ram_until(addr: PhysAddr) -> PhysAddr {
    // SAFETY: There are no requirements.
    PhysAddr::new(unsafe { bindings::efi_rtmap_outside_ram_until(addr.value()) })
}

/// Returns how many of the `size` bytes at `addr` are of one sort: all RAM to the kernel, or all
/// not.
fn mappable(addr: PhysAddr, size: usize) -> usize {
    // SAFETY: There are no requirements.
    unsafe { bindings::efi_rtmap_mappable(addr.value(), size) }
}
