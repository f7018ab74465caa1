// SPDX-License-Identifier: GPL-2.0

//! A firmware that does as it is told. It checks what it is given.

use super::*;
use crate::plan::{
    firmware::{
        service::Service,
        width::Width, //
    },
    user::{
        arguments::Place,
        calling::{
            Firmware,
            Memory,
            Ready,
            MOST_ARGS, //
        },
    },
};
use std::cell::{
    Cell,
    RefCell, //
};

/// Left in the memory by an earlier call.
const STALE: u8 = 0xee;

/// The address of the memory for firmware.
const BASE: u64 = 0x7000_0000;

/// The end of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Firmware cannot be called.
    Refused(Status),
    /// Firmware does not answer.
    Silent(Status),
    Returned(Status),
}

impl End {
    pub(super) fn is_success(self) -> bool {
        matches!(self, Self::Returned(Status::SUCCESS))
    }
}

/// The behaviour of firmware in a call.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) end: End,
    pub(crate) width: Width,
    /// Bytes of memory that it can reach.
    pub(crate) memory: usize,
    /// The size that it says, where the service has one.
    pub(crate) size: Option<u64>,
    /// Bytes that it writes to each pointer, whether they are asked for or not.
    pub(crate) answers: [Vec<u8>; MOST_ARGS],
    /// Bytes that it writes anywhere.
    pub(crate) stray: (usize, Vec<u8>),
}

/// An argument as firmware finds it.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Number(u64),
    Pointer(Vec<u8>),
}

pub(crate) struct Fake<'a> {
    pub(super) service: &'static Service,
    pub(super) told: &'a Told,
    pub(super) given: Vec<Given>,
    /// The number of the argument that points to a size.
    pub(super) size_arg: Option<usize>,
    /// The bytes at each pointer, as firmware leaves them.
    pub(super) left: RefCell<Option<[Vec<u8>; MOST_ARGS]>>,
    pub(super) blamed: Cell<bool>,
}

impl<'a> Firmware for &'a Fake<'a> {
    type Ready = Waiting<'a>;

    fn begin(&self, service: &'static Service) -> Result<Waiting<'a>, Status> {
        assert_eq!(service.name, self.service.name);
        match self.told.end {
            End::Refused(status) => Err(status),
            _ => Ok(Waiting {
                fake: self,
                memory: Bytes(vec![STALE; self.told.memory]),
            }),
        }
    }

    fn fits(&self, service: &Service, size: usize, room: usize) -> bool {
        assert_eq!(service.name, self.service.name);
        self.blamed.set(size > room);
        size <= room
    }
}

pub(crate) struct Waiting<'a> {
    fake: &'a Fake<'a>,
    memory: Bytes,
}

impl Ready for Waiting<'_> {
    type Memory = Bytes;

    fn width(&self) -> Width {
        self.fake.told.width
    }

    fn memory(&mut self) -> &mut Bytes {
        &mut self.memory
    }

    fn run(mut self, args: [u64; MOST_ARGS]) -> Result<(Status, Bytes), Status> {
        let Fake { told, given, .. } = self.fake;
        self.check(&args);

        let memory = &mut self.memory;
        memory.put(told.stray.0, &told.stray.1);
        let pointers = || given.iter().zip(args).enumerate();
        for (arg, (given, address)) in pointers() {
            if matches!(given, Given::Pointer(_)) {
                memory.put(offset(address), &told.answers[arg]);
            }
        }
        let size_at = self.fake.size_arg.map(|arg| offset(args[arg]));
        if let (Some(at), Some(size)) = (size_at, told.size) {
            memory.put(at, &size.to_le_bytes()[..told.width.pointer_size()]);
        }
        let mut left = [const { Vec::new() }; MOST_ARGS];
        for (arg, (given, address)) in pointers() {
            if let Given::Pointer(bytes) = given {
                left[arg] = memory.0[offset(address)..][..bytes.len()].to_vec();
            }
        }
        *self.fake.left.borrow_mut() = Some(left);
        match told.end {
            End::Returned(status) => Ok((status, self.memory)),
            End::Silent(status) | End::Refused(status) => Err(status),
        }
    }
}

impl Waiting<'_> {
    /// Checks that firmware finds the arguments and nothing else of the kernel's.
    fn check(&self, args: &[u64; MOST_ARGS]) {
        let mut rest = self.memory.0.clone();
        let mut free = 0;
        for (given, &arg) in self.fake.given.iter().zip(args) {
            let bytes = match given {
                Given::Number(number) => {
                    assert_eq!(arg, *number);
                    continue;
                }
                Given::Pointer(bytes) => bytes,
            };
            let at = offset(arg);
            assert!(at >= free, "two arguments overlap");
            assert!(at % 16 == 0 || at == rest.len(), "not aligned");
            free = at + bytes.len();
            assert_eq!(&rest[at..free], bytes);
            rest[at..free].fill(STALE);
        }
        assert_eq!(args[self.fake.given.len()..].iter().sum::<u64>(), 0);
        assert!(rest.iter().all(|byte| *byte == STALE), "more is given");
    }
}

fn offset(address: u64) -> usize {
    (address - BASE) as usize
}

pub(crate) struct Bytes(Vec<u8>);

impl Bytes {
    /// Writes as many of `bytes` as there is memory for.
    fn put(&mut self, at: usize, bytes: &[u8]) {
        let memory = self.0.get_mut(at..).unwrap_or_default();
        memory
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
    }
}

impl Memory for Bytes {
    fn room(&self) -> usize {
        self.0.len()
    }

    fn address_of(&self, place: Place) -> u64 {
        BASE + place.offset() as u64
    }

    fn clear(&mut self, place: Place) {
        self.0[place.offset()..][..place.size()].fill(0);
    }

    fn write(&mut self, place: Place, bytes: &[u8]) {
        let count = place.size().min(bytes.len());
        self.0[place.offset()..][..count].copy_from_slice(&bytes[..count]);
    }

    fn read(&self, place: Place, target: &mut [u8]) {
        let count = place.size().min(target.len());
        target[..count].copy_from_slice(&self.0[place.offset()..][..count]);
    }
}
