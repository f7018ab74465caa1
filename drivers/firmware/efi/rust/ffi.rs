// SPDX-License-Identifier: GPL-2.0

//! The kernel's C functions and variables that are the same on every architecture, made safe.

mod mapped;

pub(crate) use self::mapped::{
    read_physical,
    Mapped, //
};

use crate::plan::{
    addr::{
        Pages,
        PhysAddr,
        VirtAddr, //
    },
    wire, //
};
use core::{
    mem::offset_of,
    ptr::addr_of,
    slice, //
};
use kernel::{
    bindings,
    prelude::*, //
};

pub(crate) use bindings::{
    efi_rtmap_boot_facts as BootFacts,
    efi_rtmap_info as Info,
    efi_rtmap_region as RegionInfo, //
};

/// Values shown in sysfs: `enum efi_rtmap_attribute`.
pub(crate) mod attribute {
    pub(crate) use kernel::bindings::{
        efi_rtmap_attribute_EFI_RTMAP_ATTR_GENERATION as GENERATION,
        efi_rtmap_attribute_EFI_RTMAP_ATTR_KIND as KIND,
        efi_rtmap_attribute_EFI_RTMAP_ATTR_ORIGIN as ORIGIN,
        efi_rtmap_attribute_EFI_RTMAP_ATTR_REASON as REASON,
        efi_rtmap_attribute_EFI_RTMAP_ATTR_REQUESTED as REQUESTED,
        efi_rtmap_attribute_EFI_RTMAP_ATTR_SVAM as SVAM, //
    };
}

/// The parts of the EFI system table that are read, as offsets (UEFI 2.10, section 4.3).
pub(crate) mod system_table {
    use core::mem::offset_of;
    use kernel::bindings::efi_system_table_64_t;

    pub(crate) const SIZE: usize = size_of::<efi_system_table_64_t>();
    pub(crate) const REVISION: usize = offset_of!(efi_system_table_64_t, fw_revision);
    pub(crate) const RUNTIME: usize = offset_of!(efi_system_table_64_t, runtime);
}

/// The first service of the runtime services table is behind its header (UEFI 2.10, section 4.5).
pub(crate) const GET_TIME: usize = size_of::<bindings::efi_table_hdr_t>();

// What `plan::wire` reads and writes is what the C header defines.
const _: () = {
    use bindings::{
        efi_rtmap_table_entry,
        efi_rtmap_table_header,
        efi_rtmap_table_slot, //
    };
    assert!(wire::MAGIC == bindings::EFI_RTMAP_TABLE_MAGIC);
    assert!(wire::HEADER_SIZE == size_of::<efi_rtmap_table_header>());
    assert!(wire::SLOT_HEADER_SIZE == size_of::<efi_rtmap_table_slot>());
    assert!(wire::ENTRY_SIZE == size_of::<efi_rtmap_table_entry>());
    assert!(wire::CALL_SERVICE_OFFSET == offset_of!(efi_rtmap_table_header, call_service));
    assert!(wire::CALL_COUNT_OFFSET == offset_of!(efi_rtmap_table_header, call_count));
};

/// CRC-32 as Ethernet and zlib compute it.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    // SAFETY: `bytes` is valid for reads of its length.
    !unsafe { bindings::crc32_le(!0, bytes.as_ptr().cast(), bytes.len()) }
}

/// What only C can name of what it found at boot.
pub(crate) fn boot_facts() -> BootFacts {
    let mut facts = BootFacts::default();
    // SAFETY: `facts` is valid for writes. The take-over, the only caller of this module's
    // functions for the boot, runs while `__init` code is there.
    unsafe { bindings::efi_rtmap_boot_facts(&mut facts) };
    facts
}

/// The memory map that the kernel has at the moment, with the size and version of a descriptor.
///
/// # Errors
///
/// `ENODATA` if there is none, `ENOMEM` if there is no memory for the copy.
pub(crate) fn memory_map() -> Result<(KVVec<u8>, usize, u32)> {
    // SAFETY: The take-over runs before there are other threads that could change `efi`.
    let memmap = unsafe { addr_of!(bindings::efi.memmap).read() };
    if memmap.map.is_null() {
        return Err(ENODATA);
    }
    let desc_size = memmap.desc_size;
    let count = usize::try_from(memmap.nr_map)?;
    let size = count.checked_mul(desc_size).ok_or(EOVERFLOW)?;
    // SAFETY: `map` is the kernel's mapping of `nr_map` descriptors of `desc_size` bytes.
    let map = unsafe { slice::from_raw_parts(memmap.map.cast::<u8>(), size) };
    let mut bytes = KVVec::with_capacity(size, GFP_KERNEL)?;
    bytes.extend_from_slice(map, GFP_KERNEL)?;
    Ok((bytes, desc_size, u32::try_from(memmap.desc_version)?))
}

/// Makes a memory map of `size` bytes the kernel's own, and has `fill` write it.
///
/// # Errors
///
/// `ENOMEM` if there is no memory for it.
pub(crate) fn new_memory_map(size: usize, fill: impl FnOnce(&mut [u8]) -> Result) -> Result {
    // SAFETY: See `boot_facts`.
    kernel::error::to_result(unsafe { bindings::efi_rtmap_new_memmap(size) })?;
    rewrite_memory_map(fill)
}

/// Has `fill` write the kernel's memory map anew.
///
/// # Errors
///
/// Those of `fill`.
pub(crate) fn rewrite_memory_map(fill: impl FnOnce(&mut [u8]) -> Result) -> Result {
    // SAFETY: The take-over runs before there are other threads that could change `efi`.
    let memmap = unsafe { addr_of!(bindings::efi.memmap).read() };
    let size = usize::try_from(memmap.nr_map)? * memmap.desc_size;
    // SAFETY: `map` is the kernel's mapping of `nr_map` descriptors of `desc_size` bytes, which
    // were allocated for this map. Nobody else looks at it before the take-over has ended.
    fill(unsafe { slice::from_raw_parts_mut(memmap.map.cast::<u8>(), size) })
}

/// Allocates page tables for firmware calls, with nothing of the firmware's mapped.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn alloc_tables() -> Result {
    // SAFETY: See `boot_facts`.
    kernel::error::to_result(unsafe { bindings::efi_rtmap_alloc_tables() })
}

/// How a range is mapped.
#[derive(Clone, Copy)]
pub(crate) struct Protection {
    pub(crate) write: bool,
    pub(crate) execute: bool,
    pub(crate) cached: bool,
    /// Registers of a device, not memory.
    pub(crate) io: bool,
}

/// Maps `pages` at `phys` to `virt`, as `protection` says.
///
/// # Errors
///
/// `ENOMEM` if there is no memory for page tables, `EOVERFLOW` for more than 16 TiB.
pub(crate) fn map(phys: PhysAddr, virt: VirtAddr, pages: Pages, protection: Protection) -> Result {
    let pages = u32::try_from(pages.count())?;
    let bit = |set: bool, bit: u32| if set { bit } else { 0 };
    let prot = bit(protection.write, bindings::EFI_RTMAP_PROT_WRITE)
        | bit(protection.execute, bindings::EFI_RTMAP_PROT_EXEC)
        | bit(!protection.cached, bindings::EFI_RTMAP_PROT_UNCACHED)
        | bit(protection.io, bindings::EFI_RTMAP_PROT_IO);
    // SAFETY: See `boot_facts`. The tables are in use by firmware calls only, and the plan maps
    // what firmware describes as its own.
    let error = unsafe { bindings::efi_rtmap_map(phys.value(), virt.value(), pages, prot) };
    if error == 0 {
        Ok(())
    } else {
        Err(ENOMEM)
    }
}

/// Unmaps `pages` at `virt`.
///
/// # Errors
///
/// `EINVAL` if the kernel cannot, `EOVERFLOW` for more than 16 TiB.
pub(crate) fn unmap(virt: VirtAddr, pages: Pages) -> Result {
    let pages = u32::try_from(pages.count())?;
    // SAFETY: As for `map`.
    let error = unsafe { bindings::efi_rtmap_unmap(virt.value(), pages) };
    if error == 0 {
        Ok(())
    } else {
        Err(EINVAL)
    }
}

/// Adds to the page tables what calls need besides the regions.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn finish_tables() -> Result {
    // SAFETY: See `boot_facts`.
    kernel::error::to_result(unsafe { bindings::efi_rtmap_finish_tables() })
}

/// Calls SVAM with the kernel's memory map.
///
/// # Errors
///
/// The EFI status, if it is not `EFI_SUCCESS`.
///
/// # Safety
///
/// SVAM must not have been called in this firmware's life. The page tables must map the memory map
/// and all its regions at both their addresses, code writable, and boot services memory be intact.
pub(crate) unsafe fn set_virtual_address_map(systab: PhysAddr) -> Result<(), u64> {
    // SAFETY: See `boot_facts`, and this function's contract.
    let status = unsafe { bindings::efi_rtmap_svam(systab.value()) };
    if status == 0 {
        Ok(())
    } else {
        Err(status as u64)
    }
}

/// Unmaps and frees boot services memory, and drops it from the kernel's memory map. Returns
/// `false` if a debug option keeps it.
#[must_use = "what is kept is still mapped as SVAM needed it"]
pub(crate) fn release_boot_services() -> bool {
    // SAFETY: See `boot_facts`.
    unsafe { bindings::efi_rtmap_release_boot_services() }
}

/// Lets the kernel call the runtime services from now on.
pub(crate) fn enable_services(forward_cfg: bool, fresh: bool) {
    // SAFETY: See `boot_facts`.
    unsafe { bindings::efi_rtmap_enable(forward_cfg, fresh) };
}

/// Keeps the kernel from calling the runtime services.
pub(crate) fn disable_services() {
    // SAFETY: See `boot_facts`.
    unsafe { bindings::efi_rtmap_disable() };
}

/// Physical address of the handover table, if the firmware's configuration tables have one.
pub(crate) fn table_address() -> Option<PhysAddr> {
    // SAFETY: The variable changes only while configuration tables are read, long before.
    let address = unsafe { addr_of!(bindings::efi_rtmap_table).read() };
    (address != usize::MAX).then_some(PhysAddr::new(address as u64))
}
