// SPDX-License-Identifier: GPL-2.0
//! The runtime services table: our hooks in it, and the pointers that they have replaced.

use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use efi_rtmap_orders::{Service, What};
use uefi_raw::table::runtime::RuntimeServices;
use uefi_raw::table::Header;

use crate::arch::hook_of;
use crate::{boot_services, schedule};

/// EFI_RUNTIME_SERVICES, with the pointers by number.
#[repr(C)]
struct Table {
    header: Header,
    services: [usize; Service::ALL.len()],
}

const _: () = assert!(size_of::<Table>() == size_of::<RuntimeServices>());

type Pointers = [AtomicUsize; Service::ALL.len()];

/// The physical address. It is valid until SetVirtualAddressMap() has returned, like HOOKS.
static TABLE: AtomicPtr<Table> = AtomicPtr::new(core::ptr::null_mut());
static HOOKS: Pointers = [const { AtomicUsize::new(0) }; Service::ALL.len()];
static ORIGINALS: Pointers = [const { AtomicUsize::new(0) }; Service::ALL.len()];
/// The originals after SetVirtualAddressMap() has returned. Until then, other drivers' handlers
/// still call services at the old addresses.
static CONVERTED: Pointers = [const { AtomicUsize::new(0) }; Service::ALL.len()];

/// The words of all services' arguments. No service has more than five.
pub type Arguments = [usize; 5];
type Original = unsafe extern "efiapi" fn(usize, usize, usize, usize, usize) -> uefi_raw::Status;

/// Puts a hook in the place of each service.
///
/// # Safety
///
/// `table` is the runtime services table, and boot services are there.
pub unsafe fn hook(table: *mut RuntimeServices) {
    let table = table.cast::<Table>();
    TABLE.store(table, Relaxed);
    // SAFETY: the caller's; the types are of the same layout.
    let services = unsafe { &mut (*table).services };
    for (index, pointer) in services.iter_mut().enumerate() {
        let hook = hook_of(Service::ALL[index]);
        HOOKS[index].store(hook, Relaxed);
        ORIGINALS[index].store(*pointer, Relaxed);
        *pointer = hook;
    }
    // SAFETY: the caller's.
    unsafe { seal(&raw mut (*table).header) };
}

/// Corrects the CRC of a table.
///
/// # Safety
///
/// `header` is that of a table of as many bytes as it says.
pub unsafe fn seal(header: *mut Header) {
    // SAFETY: the caller's; the slice ends before the header is used again.
    unsafe {
        (*header).crc = 0;
        let bytes = core::slice::from_raw_parts(header.cast::<u8>(), (*header).size as usize);
        let crc = crc32fast::hash(bytes);
        (*header).crc = crc;
    }
}

/// Calls the service that the hook has replaced.
///
/// # Safety
///
/// The arguments are those that the service was called with.
pub unsafe fn pass_on(service: Service, arguments: Arguments) -> uefi_raw::Status {
    let original = ORIGINALS[service as usize].load(Relaxed);
    // SAFETY: the pointer was in the table, or is its conversion. Five words is what any service
    // takes at most; callees that take fewer leave the others alone.
    unsafe {
        let original: Original = core::mem::transmute(original);
        let [a, b, c, d, e] = arguments;
        original(a, b, c, d, e)
    }
}

/// Asks firmware for the new addresses, in the middle of SetVirtualAddressMap().
pub fn convert() {
    for (original, converted) in ORIGINALS.iter().zip(&CONVERTED) {
        let mut pointer = original.load(Relaxed);
        let place = (&raw mut pointer) as usize;
        // SAFETY: ConvertPointer(0, &pointer). It leaves a pointer alone that it cannot convert.
        let _ = unsafe { pass_on(Service::ConvertPointer, [0, place, 0, 0, 0]) };
        converted.store(pointer, Relaxed);
    }
}

/// Switches to the new addresses, after SetVirtualAddressMap().
pub fn use_converted() {
    for (original, converted) in ORIGINALS.iter().zip(&CONVERTED) {
        original.store(converted.load(Relaxed), Relaxed);
    }
}

/// Undoes the conversion of one pointer in the table.
pub fn keep_pointer(service: Service) {
    replace(service, HOOKS[service as usize].load(Relaxed));
}

/// Puts lies into the table itself. Only the kernel may use the table after this call.
pub fn falsify() {
    for fault in schedule::all() {
        let service = fault.service;
        match fault.what {
            What::NullPointer => replace(service, 0),
            What::PointerOutside => replace(service, boot_services::data()),
            What::PointerToData => replace(service, boot_services::runtime_pool()),
            What::BadCrc => damage_crc(),
            _ => continue,
        }
        schedule::announce(fault, service);
    }
}

fn replace(service: Service, pointer: usize) {
    let table = TABLE.load(Relaxed);
    // SAFETY: hook() got it. Both callers are mapped at the physical addresses.
    unsafe {
        (*table).services[service as usize] = pointer;
        seal(&raw mut (*table).header);
    }
}

fn damage_crc() {
    let table = TABLE.load(Relaxed);
    // SAFETY: as in replace().
    unsafe { (*table).header.crc ^= 1 };
}
