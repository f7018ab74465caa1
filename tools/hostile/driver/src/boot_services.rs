// SPDX-License-Identifier: GPL-2.0
//! Functions that need boot services or their memory. They prepare it in time, and use it wrongly
//! afterwards.

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use uefi_raw::table::boot::{AllocateType, BootServices, EventType, MemoryType, Tpl};
use uefi_raw::table::system::SystemTable;
use uefi_raw::{guid, Event, Guid, Status};

use crate::arch::{self, TINY_FUNCTION};
use crate::{attributes, ends, schedule, services};

/// EFI_EVENT_GROUP_EXIT_BOOT_SERVICES and EFI_EVENT_GROUP_VIRTUAL_ADDRESS_CHANGE.
const EXIT_BOOT_SERVICES: Guid = guid!("27abf055-b1b8-4c26-8048-748f37baa2df");
const VIRTUAL_ADDRESS_CHANGE: Guid = guid!("13fa7698-c831-49c7-87ea-8f43fcc25196");

static SYSTEM: AtomicPtr<SystemTable> = AtomicPtr::new(null_mut());
/// These are physical addresses for ever.
static CODE: AtomicUsize = AtomicUsize::new(0);
static DATA: AtomicUsize = AtomicUsize::new(0);
static RUNTIME_POOL: AtomicUsize = AtomicUsize::new(0);

/// Allocates the memory for the faults, and registers for the end of boot services and for the
/// change of addresses.
///
/// # Safety
///
/// These are the system table and the boot services, which are there.
pub unsafe fn prepare(boot: &BootServices, system: *mut SystemTable) -> Result<(), Status> {
    SYSTEM.store(system, Relaxed);
    // SAFETY: the caller's.
    unsafe {
        CODE.store(allocate(boot, MemoryType::BOOT_SERVICES_CODE, 1)?, Relaxed);
        DATA.store(allocate(boot, MemoryType::BOOT_SERVICES_DATA, 1)?, Relaxed);
        let mut pool = null_mut();
        let kind = MemoryType::RUNTIME_SERVICES_DATA;
        checked((boot.allocate_pool)(kind, size_of::<u64>(), &mut pool))?;
        RUNTIME_POOL.store(pool as usize, Relaxed);

        let code = CODE.load(Relaxed) as *mut [u8; TINY_FUNCTION.len()];
        code.write(TINY_FUNCTION);
        arch::code_is_written(&*code);
        attributes::prepare(boot)?;
        ends::prepare(boot)?;
        when(boot, &EXIT_BOOT_SERVICES, at_exit)?;
        when(boot, &VIRTUAL_ADDRESS_CHANGE, at_address_change)
    }
}

pub fn checked(status: Status) -> Result<(), Status> {
    match status {
        Status::SUCCESS => Ok(()),
        error => Err(error),
    }
}

/// Allocates whole pages. Returns their physical address.
///
/// # Safety
///
/// Boot services are there.
pub unsafe fn allocate(
    boot: &BootServices,
    kind: MemoryType,
    pages: usize,
) -> Result<usize, Status> {
    let mut address = 0;
    // SAFETY: the caller's.
    checked(unsafe { (boot.allocate_pages)(AllocateType::ANY_PAGES, kind, pages, &mut address) })?;
    Ok(address as usize)
}

type Handler = unsafe extern "efiapi" fn(Event, *mut c_void);

/// # Safety
///
/// Boot services are there.
unsafe fn when(boot: &BootServices, group: &Guid, handler: Handler) -> Result<(), Status> {
    let (kind, level) = (EventType::NOTIFY_SIGNAL, Tpl::NOTIFY);
    let mut event = null_mut();
    let context = null_mut();
    // SAFETY: the caller's; the image with the handler is never unloaded.
    checked(unsafe {
        (boot.create_event_ex)(kind, level, Some(handler), context, group, &mut event)
    })
}

/// Runs at the last moment before the tables are the kernel's. Its stub has already seen the true
/// ones.
unsafe extern "efiapi" fn at_exit(_: Event, _: *mut c_void) {
    if schedule::at_runtime() {
        return;
    }
    schedule::begin_runtime();
    // SAFETY: prepare() got it, and the tables that it leads to are still in place.
    unsafe {
        let system = &mut *SYSTEM.load(Relaxed);
        attributes::replace(system);
        ends::move_tables(system);
    }
    services::falsify();
}

unsafe extern "efiapi" fn at_address_change(_: Event, _: *mut c_void) {
    services::convert();
}

/// A page of boot services data.
pub fn data() -> usize {
    DATA.load(Relaxed)
}

/// Returns a few bytes of runtime services data outside the image.
pub fn runtime_pool() -> usize {
    RUNTIME_POOL.load(Relaxed)
}

/// Runs code and writes data of boot services.
pub fn use_them() {
    let code = CODE.load(Relaxed);
    // SAFETY: prepare() has put a function there that takes nothing and returns a number; if it is
    // not there any more, this is what was ordered.
    let function: extern "efiapi" fn() -> u32 = unsafe { core::mem::transmute(code) };
    core::hint::black_box(function());
    arch::store(data() as u64);
}
