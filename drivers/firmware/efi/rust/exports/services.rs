// SPDX-License-Identifier: GPL-2.0

//! Functions that C calls for firmware in user mode: one for each service that runs there, with the
//! arguments of the service. A pointer may be NULL where firmware decides on the meaning of that.

use crate::{
    call::{
        inside,
        user::{
            self,
            traps,
            Answer,
            Call, //
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
        firmware::{
            service::{
                GET_NEXT_VARIABLE_NAME,
                GET_TIME,
                GET_VARIABLE,
                GET_WAKEUP_TIME,
                QUERY_VARIABLE_INFO,
                SET_TIME,
                SET_VARIABLE,
                SET_WAKEUP_TIME, //
            },
            status::Status,
        },
        user::arguments::Place,
    },
    user_mode, //
};
use core::{
    convert::identity,
    slice, //
};
use kernel::prelude::*;

/// The most units of a variable's name, its end included: `EFI_VAR_NAME_LEN`.
const NAME_UNITS: usize = 1024;

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

/// # Safety
///
/// Each pointer is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_get_time(
    time: *mut Time,
    capabilities: *mut TimeCapabilities,
) -> usize {
    status(|| {
        let mut call = Call::begin(&GET_TIME)?;
        let outputs = [
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(time) })?,
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(capabilities) })?,
        ];
        answer(call.run()?, outputs)
    })
}

/// # Safety
///
/// `time` is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_set_time(time: *mut Time) -> usize {
    status(|| {
        let mut call = Call::begin(&SET_TIME)?;
        // SAFETY: By this function's contract.
        call.input(unsafe { bytes_at(time) }.as_deref())?;
        Ok(call.run()?.status)
    })
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
    status(|| {
        let mut call = Call::begin(&GET_WAKEUP_TIME)?;
        let outputs = [
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(enabled) })?,
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(pending) })?,
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(time) })?,
        ];
        answer(call.run()?, outputs)
    })
}

/// # Safety
///
/// `time` is NULL or valid.
#[export]
unsafe extern "C" fn efi_rtmap_user_set_wakeup_time(enable: u8, time: *mut Time) -> usize {
    status(|| {
        let mut call = Call::begin(&SET_WAKEUP_TIME)?;
        call.value(enable.into());
        // SAFETY: By this function's contract.
        call.input(unsafe { bytes_at(time) }.as_deref())?;
        Ok(call.run()?.status)
    })
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
    status(|| {
        // SAFETY: By this function's contract.
        let size = unsafe { size.as_mut() }.ok_or(Status::INVALID_PARAMETER)?;
        let asked = *size;
        // SAFETY: By this function's contract.
        let data = unsafe { slice_at(data, asked) };
        let mut call = Call::begin(&GET_VARIABLE)?;
        // SAFETY: By this function's contract.
        call.input(unsafe { name_at(name) }?)?;
        // SAFETY: By this function's contract.
        call.input(unsafe { bytes_at(vendor) }.as_deref())?;
        // SAFETY: By this function's contract.
        let attributes = output(&mut call, unsafe { bytes_at(attributes) })?;
        let room = data.as_ref().map(|_| asked.min(call.left_after_number()));
        let size_place = call.uintn(room.unwrap_or(asked))?;
        let data = output(&mut call, data.and_then(|data| data.get_mut(..room?)))?;

        let answered = call.run()?;
        *size = answered.uintn(size_place);
        match answered.status {
            // Firmware had less room than the caller has.
            Status::BUFFER_TOO_SMALL if data.is_some() && *size <= asked => {
                Err(Status::OUT_OF_RESOURCES)
            }
            Status::BUFFER_TOO_SMALL => {
                copy(&answered, attributes);
                Ok(Status::BUFFER_TOO_SMALL)
            }
            _ => {
                let data = data.map(|(place, target)| (place.first(*size), target));
                answer(answered, [attributes, data])
            }
        }
    })
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
    status(|| {
        // SAFETY: By this function's contract.
        let size = unsafe { size.as_mut() }.ok_or(Status::INVALID_PARAMETER)?;
        let room = (*size).min(size_of::<u16>() * NAME_UNITS);
        // SAFETY: By this function's contract.
        let name = unsafe { slice_at(name.cast(), room) }.ok_or(Status::INVALID_PARAMETER)?;
        // SAFETY: By this function's contract.
        let vendor = unsafe { bytes_at(vendor) }.ok_or(Status::INVALID_PARAMETER)?;
        let mut call = Call::begin(&GET_NEXT_VARIABLE_NAME)?;
        let size_place = call.uintn(room)?;
        let name_place = call.inout(name)?;
        let vendor_place = call.inout(vendor)?;

        let answered = call.run()?;
        *size = answered.uintn(size_place);
        let name = Some((name_place.first(*size), name));
        answer(answered, [name, Some((vendor_place, vendor))])
    })
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
    status(|| {
        let mut call = Call::begin(&SET_VARIABLE)?;
        // SAFETY: By this function's contract.
        call.input(unsafe { name_at(name) }?)?;
        // SAFETY: By this function's contract.
        call.input(unsafe { bytes_at(vendor) }.as_deref())?;
        call.value(attributes.into());
        call.value(size as u64);
        // SAFETY: By this function's contract.
        call.input(unsafe { slice_at(data, size) }.as_deref())?;
        Ok(call.run()?.status)
    })
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
    status(|| {
        let mut call = Call::begin(&QUERY_VARIABLE_INFO)?;
        call.value(attributes.into());
        let outputs = [
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(storage) })?,
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(remaining) })?,
            // SAFETY: By this function's contract.
            output(&mut call, unsafe { bytes_at(largest) })?,
        ];
        answer(call.run()?, outputs)
    })
}

/// The status of a call, whether firmware has answered it or not.
fn status(call: impl FnOnce() -> Result<Status, Status>) -> usize {
    call().map_or_else(identity, identity).0 as usize
}

/// A place that firmware writes to, and the caller's memory for it.
type Output<'a> = Option<(Place, &'a mut [u8])>;

/// Adds an argument that firmware writes to, or a NULL pointer.
fn output<'a>(call: &mut Call, target: Option<&'a mut [u8]>) -> Result<Output<'a>, Status> {
    match target {
        Some(target) => Ok(Some((call.room(target.len())?, target))),
        None => {
            call.value(0);
            Ok(None)
        }
    }
}

/// Gives the caller what firmware has written, if the service was successful.
fn answer<const N: usize>(answer: Answer, outputs: [Output<'_>; N]) -> Result<Status, Status> {
    if answer.status == Status::SUCCESS {
        outputs.into_iter().for_each(|output| copy(&answer, output));
    }
    Ok(answer.status)
}

fn copy(answer: &Answer, output: Output<'_>) {
    if let Some((place, target)) = output {
        answer.copy(place, target);
    }
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
        slice::from_raw_parts(name.cast(), size_of::<u16>() * units)
    }))
}
