// SPDX-License-Identifier: GPL-2.0
//! Lies about variables.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use efi_rtmap_orders::{Fault, Service, What, VENDOR_GUID};
use uefi_raw::{Guid, Status};

use crate::schedule::announce;
use crate::services::Arguments;

/// The GUID of the variables of the lab's guests.
pub const VENDOR: Guid = Guid::parse_or_panic(VENDOR_GUID);
/// The excess over the buffer's size in the lie.
const BEYOND: usize = 4096;
const ENDLESS: &[u8] = b"Endless";
const DIGITS: usize = 8;

static NAMES: AtomicU32 = AtomicU32::new(0);

/// The size of GetVariable()'s buffer, before the call changes that word.
///
/// # Safety
///
/// The arguments are those of a call of the service.
pub unsafe fn capacity(service: Service, arguments: Arguments) -> usize {
    match (service, size_of_buffer(arguments)) {
        (Service::GetVariable, size) if !size.is_null() => {
            // SAFETY: the caller's: a pointer to the buffer's size.
            unsafe { size.read_unaligned() }
        }
        _ => 0,
    }
}

/// GetVariable(name, vendor, attributes, size, data).
fn size_of_buffer(arguments: Arguments) -> *mut usize {
    arguments[3] as *mut usize
}

/// # Safety
///
/// The arguments are those of a call of GetVariable().
pub unsafe fn buffer_too_small(arguments: Arguments) -> Status {
    let size = size_of_buffer(arguments);
    if size.is_null() {
        return Status::INVALID_PARAMETER;
    }
    // SAFETY: the caller's: a pointer to the buffer's size.
    unsafe { size.write_unaligned(size.read_unaligned().wrapping_add(1)) };
    Status::BUFFER_TOO_SMALL
}

/// Returns a lie instead of the true `status` if `fault` is one.
///
/// # Safety
///
/// The arguments are those of a call of the service in which the fault happens.
pub unsafe fn after(
    fault: &'static Fault,
    arguments: Arguments,
    capacity: usize,
    status: Status,
) -> Status {
    match fault.what {
        What::SizeBeyondBuffer if status == Status::SUCCESS => {
            announce(fault, Service::GetVariable);
            // SAFETY: the caller's; the call succeeded, so the pointer is good.
            unsafe { size_of_buffer(arguments).write_unaligned(capacity.wrapping_add(BEYOND)) };
            status
        }
        What::EndlessNames
            if status == Status::NOT_FOUND || status == Status::INVALID_PARAMETER =>
        {
            announce(fault, Service::GetNextVariableName);
            // SAFETY: the caller's.
            unsafe { one_more_name(arguments) }
        }
        _ => status,
    }
}

/// Returns a name of a variable that does not exist. The name is always new.
///
/// # Safety
///
/// The arguments are those of a call of GetNextVariableName(size, name, vendor).
unsafe fn one_more_name(arguments: Arguments) -> Status {
    let [size, name, vendor, ..] = arguments;
    let (size, name, vendor) = (size as *mut usize, name as *mut u16, vendor as *mut Guid);
    if size.is_null() || name.is_null() || vendor.is_null() {
        return Status::INVALID_PARAMETER;
    }
    let needed = (ENDLESS.len() + DIGITS + 1) * size_of::<u16>();
    // SAFETY: the caller's: a buffer of that size for the name, and a GUID.
    unsafe {
        if size.read_unaligned() < needed {
            size.write_unaligned(needed);
            return Status::BUFFER_TOO_SMALL;
        }
        let number = NAMES.load(Relaxed).wrapping_add(1);
        NAMES.store(number, Relaxed);
        let digits = (0..DIGITS)
            .rev()
            .map(|place| hex_digit(number >> (4 * place)));
        let text = ENDLESS.iter().copied().chain(digits).chain([0]);
        for (index, character) in text.enumerate() {
            name.add(index).write_unaligned(character.into());
        }
        size.write_unaligned(needed);
        vendor.write_unaligned(VENDOR);
    }
    Status::SUCCESS
}

/// The digit of the lowest four bits.
fn hex_digit(number: u32) -> u8 {
    match (number & 0xf) as u8 {
        digit @ 0..=9 => b'0' + digit,
        digit => b'A' + digit - 10,
    }
}
