// SPDX-License-Identifier: GPL-2.0

//! The services that run in user mode (UEFI 2.10, sections 8.2 and 8.3): their arguments, and the
//! part of the answer that the caller gets for each status. [`None`] is a NULL pointer; firmware
//! decides on its meaning.
//!
//! Each function returns the status for the caller, as an error if firmware has not answered.

use crate::plan::{
    firmware::{
        service::{
            Service,
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
    user::{
        arguments::Place,
        calling::{
            Answer,
            Call,
            Firmware,
            Memory, //
        },
    },
};

/// Bytes of a unit of a name.
pub(crate) const UNIT: usize = size_of::<u16>();

/// The most units of a variable's name, its end included: `EFI_VAR_NAME_LEN`.
pub(crate) const NAME_UNITS: usize = 1024;

pub(crate) fn get_time(
    firmware: &impl Firmware,
    time: Option<&mut [u8]>,
    capabilities: Option<&mut [u8]>,
) -> Result<Status, Status> {
    let mut call = Call::new(firmware.begin(&GET_TIME)?);
    let outputs = [call.output(time)?, call.output(capabilities)?];
    Ok(call.run()?.give(outputs))
}

pub(crate) fn set_time(firmware: &impl Firmware, time: Option<&[u8]>) -> Result<Status, Status> {
    let mut call = Call::new(firmware.begin(&SET_TIME)?);
    call.input(time)?;
    Ok(call.run()?.status)
}

pub(crate) fn get_wakeup_time(
    firmware: &impl Firmware,
    enabled: Option<&mut [u8]>,
    pending: Option<&mut [u8]>,
    time: Option<&mut [u8]>,
) -> Result<Status, Status> {
    let mut call = Call::new(firmware.begin(&GET_WAKEUP_TIME)?);
    let outputs = [
        call.output(enabled)?,
        call.output(pending)?,
        call.output(time)?,
    ];
    Ok(call.run()?.give(outputs))
}

pub(crate) fn set_wakeup_time(
    firmware: &impl Firmware,
    enable: u8,
    time: Option<&[u8]>,
) -> Result<Status, Status> {
    let mut call = Call::new(firmware.begin(&SET_WAKEUP_TIME)?);
    call.value(enable.into());
    call.input(time)?;
    Ok(call.run()?.status)
}

/// `data` has as many bytes as `size` says.
pub(crate) fn get_variable(
    firmware: &impl Firmware,
    name: Option<&[u8]>,
    vendor: Option<&[u8]>,
    attributes: Option<&mut [u8]>,
    size: Option<&mut usize>,
    data: Option<&mut [u8]>,
) -> Result<Status, Status> {
    let size = size.ok_or(Status::INVALID_PARAMETER)?;
    let mut call = Call::new(firmware.begin(&GET_VARIABLE)?);
    call.input(name)?;
    call.input(vendor)?;
    let attributes = call.output(attributes)?;
    let most = call.left_after_number();
    let room = data.as_ref().map_or(*size, |data| data.len().min(most));
    let place = call.uintn_at(room)?;
    let data = call.output(data.and_then(|data| data.get_mut(..room)))?;

    let answer = call.run()?;
    let status = settle(firmware, &GET_VARIABLE, &answer, (place, room), size);
    match status {
        Status::SUCCESS => {
            answer.copy(attributes);
            answer.copy(data.map(|(place, target)| (place.first(*size), target)));
        }
        Status::BUFFER_TOO_SMALL => answer.copy(attributes),
        _ => (),
    }
    Ok(status)
}

/// `name` has as many bytes as `size` says.
pub(crate) fn get_next_variable_name(
    firmware: &impl Firmware,
    size: Option<&mut usize>,
    name: Option<&mut [u8]>,
    vendor: Option<&mut [u8]>,
) -> Result<Status, Status> {
    let (Some(size), Some(name), Some(vendor)) = (size, name, vendor) else {
        return Err(Status::INVALID_PARAMETER);
    };
    let mut call = Call::new(firmware.begin(&GET_NEXT_VARIABLE_NAME)?);
    let room = name.len().min(UNIT * NAME_UNITS);
    let size_place = call.uintn_at(room)?;
    // A name without an end within the room is refused by newer firmware. Older firmware reads on.
    let name_place = call
        .input_in(room + UNIT, string_in(name, room))?
        .first(room);
    let vendor_place = call.input_in(vendor.len(), vendor)?;

    let answer = call.run()?;
    let service = &GET_NEXT_VARIABLE_NAME;
    let status = settle(firmware, service, &answer, (size_place, room), size);
    if status == Status::SUCCESS {
        // The whole room, because the size of the name may be wrong. The kernel looks for its end.
        answer.copy(Some((name_place, name)));
        answer.copy(Some((vendor_place, vendor)));
    }
    Ok(status)
}

pub(crate) fn set_variable(
    firmware: &impl Firmware,
    name: Option<&[u8]>,
    vendor: Option<&[u8]>,
    attributes: u32,
    size: usize,
    data: Option<&[u8]>,
) -> Result<Status, Status> {
    let mut call = Call::new(firmware.begin(&SET_VARIABLE)?);
    call.input(name)?;
    call.input(vendor)?;
    call.value(attributes);
    call.uintn(size);
    call.input(data)?;
    Ok(call.run()?.status)
}

pub(crate) fn query_variable_info(
    firmware: &impl Firmware,
    attributes: u32,
    storage: Option<&mut [u8]>,
    remaining: Option<&mut [u8]>,
    largest: Option<&mut [u8]>,
) -> Result<Status, Status> {
    let mut call = Call::new(firmware.begin(&QUERY_VARIABLE_INFO)?);
    call.value(attributes);
    let outputs = [
        call.output(storage)?,
        call.output(remaining)?,
        call.output(largest)?,
    ];
    Ok(call.run()?.give(outputs))
}

/// Gives the caller, which has room for `size` bytes, the size in an answer of `service`: how much
/// firmware has written, or needs. Firmware was given `place` for it, and `room`. Returns the status
/// for the caller. After success, the size is no more than the room.
fn settle(
    firmware: &impl Firmware,
    service: &Service,
    answer: &Answer<impl Memory>,
    (place, room): (Place, usize),
    size: &mut usize,
) -> Status {
    let said = answer.uintn(place);
    match answer.status {
        Status::SUCCESS if !firmware.fits(service, said, room) => {
            *size = 0;
            Status::DEVICE_ERROR
        }
        // The caller has enough room, but firmware had less.
        Status::BUFFER_TOO_SMALL if room < *size && said <= *size => Status::OUT_OF_RESOURCES,
        status @ (Status::SUCCESS | Status::BUFFER_TOO_SMALL) => {
            *size = said;
            status
        }
        status => status,
    }
}

/// The string at the start of `bytes`, its end included. It ends within `room`.
fn string_in(bytes: &[u8], room: usize) -> &[u8] {
    let bytes = bytes.get(..room).unwrap_or(bytes);
    let end = bytes.chunks_exact(UNIT).position(|unit| unit == [0; UNIT]);
    let length = end.map_or(bytes.len(), |end| UNIT * (end + 1));
    bytes.get(..length).unwrap_or(bytes)
}
