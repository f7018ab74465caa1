// SPDX-License-Identifier: GPL-2.0

//! Functions that C calls for firmware in user mode: one for each service that runs there, with the
//! arguments of the service. A pointer may be NULL where firmware decides on the meaning of that.

#[cfg(CONFIG_EFI_RTMAP_KUNIT_TEST)]
use crate::{
    call::inside::Inside,
    state, //
};
use crate::{
    call::{
        inside,
        user::{
            self,
            traps,
            Task, //
        },
    },
    ffi::{
        user::{
            Time,
            TimeCapabilities,
            Trap, //
        },
        Guid, //
    },
    plan::{
        firmware::status::Status,
        user::marshal::{
            self,
            NAME_UNITS,
            UNIT, //
        }, //
    },
    user_mode, //
};
use core::{
    convert::identity,
    slice, //
};
use kernel::prelude::*;

/// Starts user mode, if it is to be.
///
/// # Safety
///
/// Called once, from a thread, before firmware is called from one.
#[export]
unsafe extern "C" fn efi_rtmap_user_begin() {
    user::begin();
}

/// Tells if the call with this mark, an `efi_rts_ids` value, is made in user mode.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_user_makes(mark: u32) -> bool {
    user_mode::calls(mark)
}

/// Decides if firmware goes on after a trap.
///
/// # Safety
///
/// `trap` is valid for reads and writes.
#[export]
unsafe extern "C" fn efi_rtmap_user_resumes(trap: *mut Trap) -> bool {
    // SAFETY: By this function's contract.
    traps::resumes(unsafe { &mut *trap })
}

/// Firmware has come back from a call that was given up.
///
/// # Safety
///
/// Called once for each such call, after its end.
#[export]
unsafe extern "C" fn efi_rtmap_user_came_back() {
    inside::vacate();
}

/// Enters firmware for a test, which gives it back with [`efi_rtmap_user_came_back`]. Returns `false`
/// if firmware does not run in user mode, or another thread is inside.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[cfg(CONFIG_EFI_RTMAP_KUNIT_TEST)]
#[export]
unsafe extern "C" fn efi_rtmap_user_borrow() -> bool {
    let inside = user_mode::is_on().then(Inside::enter).flatten();
    inside.map(Inside::leave_occupied).is_some()
}

/// Tells if ports that firmware uses for the first time end its call.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[cfg(CONFIG_EFI_RTMAP_KUNIT_TEST)]
#[export]
unsafe extern "C" fn efi_rtmap_user_enforces() -> bool {
    state::request().enforce
}

/// # Safety
///
/// Each pointer is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_get_time(
    time: *mut Time,
    capabilities: *mut TimeCapabilities,
) -> usize {
    // SAFETY: By this function's contract.
    let (time, capabilities) = unsafe { (bytes_at(time), bytes_at(capabilities)) };
    status(marshal::get_time(&Task, time, capabilities))
}

/// # Safety
///
/// `time` is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_set_time(time: *mut Time) -> usize {
    // SAFETY: By this function's contract.
    let time = unsafe { bytes_at(time) };
    status(marshal::set_time(&Task, time.as_deref()))
}

/// # Safety
///
/// Each pointer is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_get_wakeup_time(
    enabled: *mut u8,
    pending: *mut u8,
    time: *mut Time,
) -> usize {
    // SAFETY: By this function's contract.
    let (enabled, pending) = unsafe { (bytes_at(enabled), bytes_at(pending)) };
    // SAFETY: By this function's contract.
    let time = unsafe { bytes_at(time) };
    status(marshal::get_wakeup_time(&Task, enabled, pending, time))
}

/// # Safety
///
/// `time` is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_set_wakeup_time(enable: u8, time: *mut Time) -> usize {
    // SAFETY: By this function's contract.
    let time = unsafe { bytes_at(time) };
    status(marshal::set_wakeup_time(&Task, enable, time.as_deref()))
}

/// # Safety
///
/// `name` is NULL or a string with an end. Each other pointer is NULL or valid, and `data` for as
/// many bytes as `size` says.
#[export]
unsafe extern "C" fn efi_rtmap_user_get_variable(
    name: *const u16,
    vendor: *mut Guid,
    attributes: *mut u32,
    size: *mut usize,
    data: *mut u8,
) -> usize {
    // SAFETY: By this function's contract.
    let name = unsafe { name_at(name) };
    // SAFETY: By this function's contract.
    let (vendor, attributes) = unsafe { (bytes_at(vendor), bytes_at(attributes)) };
    // SAFETY: By this function's contract.
    let (size, data) = unsafe { sized_at(size, data) };
    let vendor = vendor.as_deref();
    status(name.and_then(|name| marshal::get_variable(&Task, name, vendor, attributes, size, data)))
}

/// # Safety
///
/// Each pointer is NULL or valid, and `name` for as many bytes as `size` says.
#[export]
unsafe extern "C" fn efi_rtmap_user_get_next_variable(
    size: *mut usize,
    name: *mut u16,
    vendor: *mut Guid,
) -> usize {
    // SAFETY: By this function's contract.
    let (size, name) = unsafe { sized_at(size, name.cast()) };
    // SAFETY: By this function's contract.
    let vendor = unsafe { bytes_at(vendor) };
    status(marshal::get_next_variable_name(&Task, size, name, vendor))
}

/// # Safety
///
/// `name` is NULL or a string with an end. Each other pointer is NULL or valid, and `data` for
/// `size` bytes.
#[export]
unsafe extern "C" fn efi_rtmap_user_set_variable(
    name: *const u16,
    vendor: *mut Guid,
    attributes: u32,
    size: usize,
    data: *mut u8,
) -> usize {
    // SAFETY: By this function's contract.
    let name = unsafe { name_at(name) };
    // SAFETY: By this function's contract.
    let (vendor, data) = unsafe { (bytes_at(vendor), slice_at(data, size)) };
    let (vendor, data) = (vendor.as_deref(), data.as_deref());
    status(name.and_then(|name| marshal::set_variable(&Task, name, vendor, attributes, size, data)))
}

/// # Safety
///
/// Each pointer is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_query_variable_info(
    attributes: u32,
    storage: *mut u64,
    remaining: *mut u64,
    largest: *mut u64,
) -> usize {
    // SAFETY: By this function's contract.
    let (storage, remaining) = unsafe { (bytes_at(storage), bytes_at(remaining)) };
    // SAFETY: By this function's contract.
    let largest = unsafe { bytes_at(largest) };
    status(marshal::query_variable_info(
        &Task, attributes, storage, remaining, largest,
    ))
}

/// The status of a call, whether firmware has answered it or not.
fn status(call: Result<Status, Status>) -> usize {
    call.map_or_else(identity, identity).0 as usize
}

/// The bytes of the value at `pointer`.
///
/// # Safety
///
/// `pointer` is NULL, or valid for reads and writes as long as the result is used.
unsafe fn bytes_at<'a, T>(pointer: *mut T) -> Option<&'a mut [u8]> {
    // SAFETY: By this function's contract.
    unsafe { slice_at(pointer.cast(), size_of::<T>()) }
}

/// # Safety
///
/// As for [`bytes_at`], for `size` bytes.
unsafe fn slice_at<'a>(pointer: *mut u8, size: usize) -> Option<&'a mut [u8]> {
    // SAFETY: By this function's contract.
    (!pointer.is_null()).then(|| unsafe { slice::from_raw_parts_mut(pointer, size) })
}

/// The size at `size` and the bytes at `pointer`, as many as it says.
///
/// # Safety
///
/// `size` is NULL, or valid for reads and writes as long as the result is used. If it is, `pointer` is
/// as for [`slice_at`].
unsafe fn sized_at<'a>(
    size: *mut usize,
    pointer: *mut u8,
) -> (Option<&'a mut usize>, Option<&'a mut [u8]>) {
    // SAFETY: By this function's contract.
    let size = unsafe { size.as_mut() };
    let bytes = match &size {
        // SAFETY: By this function's contract.
        Some(size) => unsafe { slice_at(pointer, **size) },
        None => None,
    };
    (size, bytes)
}

/// The bytes of a name, its end included.
///
/// # Errors
///
/// [`Status::INVALID_PARAMETER`] if it has no end within [`NAME_UNITS`].
///
/// # Safety
///
/// `name` is NULL, or a string with an end, valid as long as the result is used.
unsafe fn name_at<'a>(name: *const u16) -> Result<Option<&'a [u8]>, Status> {
    if name.is_null() {
        return Ok(None);
    }
    // SAFETY: By this function's contract, each unit up to the end is valid.
    let end = (0..NAME_UNITS).position(|unit| unsafe { *name.wrapping_add(unit) } == 0);
    let units = end.ok_or(Status::INVALID_PARAMETER)? + 1;
    // SAFETY: By this function's contract: that many units are up to the end.
    Ok(Some(unsafe {
        slice::from_raw_parts(name.cast(), UNIT * units)
    }))
}
