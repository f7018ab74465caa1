// SPDX-License-Identifier: GPL-2.0

//! Calls of a firmware that does as it is told, with any arguments. All that goes to firmware and
//! all that comes back is compared with what UEFI and the rules of user mode say.

extern crate std;

mod fake;

pub(crate) use self::fake::{
    End,
    Told, //
};
use self::fake::{
    Fake,
    Given, //
};
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
        calling::MOST_ARGS,
        marshal, //
    },
};
use std::{
    vec,
    vec::Vec, //
};

/// An argument, as UEFI and the kernel define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A number of fixed size.
    Number,
    /// The size of the bytes that the next argument points to.
    Uintn,
    /// A pointer to such a size.
    Size,
    /// Pointers to so many bytes.
    In(usize),
    Out(usize),
    InOut(usize),
    Name,
    /// A name that the next one replaces.
    NextName,
    /// Pointers to as many bytes as the size says.
    InData,
    OutData,
}

/// The services, with their arguments.
pub(crate) const SERVICES: [(&Service, &[Kind]); 8] = [
    (&GET_TIME, &[Kind::Out(16), Kind::Out(12)]),
    (&SET_TIME, &[Kind::In(16)]),
    (
        &GET_WAKEUP_TIME,
        &[Kind::Out(1), Kind::Out(1), Kind::Out(16)],
    ),
    (&SET_WAKEUP_TIME, &[Kind::Number, Kind::In(16)]),
    (
        &GET_VARIABLE,
        &[
            Kind::Name,
            Kind::In(16),
            Kind::Out(4),
            Kind::Size,
            Kind::OutData,
        ],
    ),
    (
        &GET_NEXT_VARIABLE_NAME,
        &[Kind::Size, Kind::NextName, Kind::InOut(16)],
    ),
    (
        &SET_VARIABLE,
        &[
            Kind::Name,
            Kind::In(16),
            Kind::Number,
            Kind::Uintn,
            Kind::InData,
        ],
    ),
    (
        &QUERY_VARIABLE_INFO,
        &[Kind::Number, Kind::Out(8), Kind::Out(8), Kind::Out(8)],
    ),
];

/// The largest buffer of a caller. A NULL pointer can come with any size.
pub(crate) const LARGEST: usize = 4096;

/// The arguments of a caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// A bit for each pointer that is NULL.
    pub(crate) null: u8,
    pub(crate) number: u8,
    pub(crate) size: usize,
    /// The name that is given, or the start of the buffer for the next one.
    pub(crate) name: Vec<u8>,
}

/// Memory of the caller that firmware is not to see.
const SECRET: u8 = 0xcc;

impl Caller {
    /// The buffer for an argument. [`None`] is a NULL pointer.
    fn buffer(&self, arg: usize, kind: Kind) -> Option<Vec<u8>> {
        let input = |size| {
            (1..)
                .map(|byte: u32| byte as u8 ^ arg as u8)
                .take(size)
                .collect()
        };
        let null = self.null & 1 << arg != 0;
        match kind {
            Kind::Number | Kind::Uintn | Kind::Size => None,
            _ if null => None,
            Kind::In(size) | Kind::InOut(size) => Some(input(size)),
            Kind::InData => Some(input(self.size)),
            Kind::Out(size) => Some(vec![SECRET; size]),
            Kind::OutData => Some(vec![SECRET; self.size]),
            Kind::Name => {
                let units = self.name.iter().filter(|byte| **byte != 0);
                Some(units.flat_map(|byte| [*byte, 0]).chain([0, 0]).collect())
            }
            Kind::NextName => {
                let mut name = self.name.clone();
                name.resize(self.size, SECRET);
                Some(name)
            }
        }
    }
}

/// The result of a call, for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) size: usize,
    pub(crate) buffers: [Option<Vec<u8>>; MOST_ARGS],
}

/// Makes a call of `service`, and checks all of it.
pub(crate) fn exchange(service: &'static Service, mut caller: Caller, told: &Told) -> Outcome {
    let mut known = SERVICES.into_iter();
    let (_, kinds) = known
        .find(|(known, _)| known.mark == service.mark)
        .expect("runs in user mode");
    let has_size = |kind: &Kind| matches!(kind, Kind::InData | Kind::OutData | Kind::NextName);
    let sized = kinds.iter().position(has_size);
    if sized.is_some_and(|arg| caller.null & 1 << arg == 0) {
        caller.size %= LARGEST + 1;
    }
    let mut before = Outcome {
        status: Status::SUCCESS,
        size: caller.size,
        buffers: [const { None }; MOST_ARGS],
    };
    for (arg, kind) in kinds.iter().enumerate() {
        before.buffers[arg] = caller.buffer(arg, *kind);
    }

    let prepared = prepare(kinds, &caller, &before, told);
    let fake = Fake {
        service,
        told,
        given: prepared.clone().map(|(given, _)| given).unwrap_or_default(),
        size_arg: kinds.iter().position(|kind| *kind == Kind::Size),
        left: None.into(),
        blamed: false.into(),
    };
    let mut after = before.clone();
    after.status = call(&&fake, &caller, &mut after).unwrap_or_else(|status| status);
    let expected = match (prepared, told.end) {
        (Err(Status::INVALID_PARAMETER), _) => Outcome {
            status: Status::INVALID_PARAMETER,
            ..before
        },
        (_, End::Refused(status)) | (Err(status), _) | (Ok(_), End::Silent(status)) => {
            Outcome { status, ..before }
        }
        (Ok((_, room)), End::Returned(status)) => {
            let left = fake.left.take().expect("firmware was called");
            answered(kinds, before, status, &left, room)
        }
    };
    assert_eq!(after, expected);
    let untrue = after.status == Status::DEVICE_ERROR && told.end.is_success();
    assert_eq!(fake.blamed.get(), untrue);
    after
}

/// The arguments as firmware is to find them, and the size of its buffer.
///
/// # Errors
///
/// The status of a call for which firmware is not called.
fn prepare(
    kinds: &[Kind],
    caller: &Caller,
    before: &Outcome,
    told: &Told,
) -> Result<(Vec<Given>, usize), Status> {
    let is_null = |arg: usize| caller.null & 1 << arg != 0;
    let needed = |kind: &Kind| *kind == Kind::Size || kinds.contains(&Kind::NextName);
    let mut args = kinds.iter().enumerate();
    if args.any(|(arg, kind)| needed(kind) && is_null(arg)) {
        return Err(Status::INVALID_PARAMETER);
    }
    let bytes_of_number = told.width.pointer_size();
    let number = |size: usize| (size as u64).min(u64::MAX >> (64 - 8 * bytes_of_number));
    let mut given = Vec::new();
    let mut used: usize = 0;
    let mut room = caller.size;
    for (arg, kind) in kinds.iter().enumerate() {
        let bytes = match (kind, &before.buffers[arg]) {
            (Kind::Number, _) => {
                given.push(Given::Number(caller.number.into()));
                continue;
            }
            (Kind::Uintn, _) => {
                given.push(Given::Number(number(caller.size)));
                continue;
            }
            (Kind::Size, _) => {
                if kinds.contains(&Kind::NextName) {
                    room = room.min(2048);
                } else if !is_null(arg + 1) {
                    room = room.min((told.memory - used).saturating_sub(16));
                }
                number(room).to_le_bytes()[..bytes_of_number].to_vec()
            }
            (_, None) => {
                given.push(Given::Number(0));
                continue;
            }
            (Kind::OutData, _) => vec![0; room],
            (Kind::Out(size), _) => vec![0; *size],
            (Kind::NextName, Some(buffer)) => {
                let mut units = buffer[..room].chunks_exact(2);
                let end = units.position(|unit| unit == [0, 0]);
                let mut name = buffer[..end.map_or(room, |end| 2 * end)].to_vec();
                name.resize(room + 2, 0);
                name
            }
            (_, Some(buffer)) => buffer.clone(),
        };
        let end = used + bytes.len();
        if end > told.memory {
            return Err(Status::OUT_OF_RESOURCES);
        }
        used = end.next_multiple_of(16).min(told.memory);
        given.push(Given::Pointer(bytes));
    }
    Ok((given, room))
}

/// The outcome after an answer. `left` are the bytes at each pointer.
fn answered(
    kinds: &[Kind],
    before: Outcome,
    status: Status,
    left: &[Vec<u8>; MOST_ARGS],
    room: usize,
) -> Outcome {
    let mut after = Outcome { status, ..before };
    let mut copied = match status {
        Status::SUCCESS => kinds,
        _ => &[],
    };
    let size = kinds.iter().position(|kind| *kind == Kind::Size);
    if let Some(arg) = size {
        let mut said = [0; 8];
        said[..left[arg].len()].copy_from_slice(&left[arg]);
        let said = usize::from_le_bytes(said);
        match status {
            Status::SUCCESS if said > room => {
                after.status = Status::DEVICE_ERROR;
                after.size = 0;
                copied = &[];
            }
            Status::BUFFER_TOO_SMALL if room < after.size && said <= after.size => {
                after.status = Status::OUT_OF_RESOURCES;
            }
            Status::BUFFER_TOO_SMALL => {
                after.size = said;
                // Only the attributes are before the size.
                copied = &kinds[..arg];
            }
            Status::SUCCESS => after.size = said,
            _ => (),
        }
    }
    for (arg, kind) in copied.iter().enumerate() {
        let Some(buffer) = &mut after.buffers[arg] else {
            continue;
        };
        let count = match kind {
            Kind::Out(_) | Kind::InOut(_) => buffer.len(),
            Kind::NextName => room,
            Kind::OutData => after.size,
            _ => continue,
        };
        buffer[..count].copy_from_slice(&left[arg][..count]);
    }
    after
}

/// Calls the service as the kernel does.
fn call(firmware: &&Fake<'_>, caller: &Caller, after: &mut Outcome) -> Result<Status, Status> {
    let size = (caller.null & 1 << firmware.size_arg.unwrap_or(0) == 0).then_some(&mut after.size);
    let [a, b, c, d, e] = &mut after.buffers;
    let [a, b, c, d, e] = [a, b, c, d, e].map(Option::as_deref_mut);
    let number = caller.number;
    let (f, attributes) = (firmware, number.into());
    match firmware.service.name {
        "GetTime" => marshal::get_time(f, a, b),
        "SetTime" => marshal::set_time(f, a.as_deref()),
        "GetWakeupTime" => marshal::get_wakeup_time(f, a, b, c),
        "SetWakeupTime" => marshal::set_wakeup_time(f, number, b.as_deref()),
        "GetVariable" => marshal::get_variable(f, a.as_deref(), b.as_deref(), c, size, e),
        "GetNextVariableName" => marshal::get_next_variable_name(f, size, b, c),
        "SetVariable" => {
            let (name, vendor, data) = (a.as_deref(), b.as_deref(), e.as_deref());
            marshal::set_variable(f, name, vendor, attributes, caller.size, data)
        }
        "QueryVariableInfo" => marshal::query_variable_info(f, attributes, b, c, d),
        name => panic!("{name} is no service of user mode"),
    }
}
