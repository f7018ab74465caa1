// SPDX-License-Identifier: GPL-2.0

//! Firmware in user mode: the means for it, and what has come of it so far.

use crate::{
    ffi::user::Range,
    plan::{
        firmware::{
            service::{
                self,
                Service,
                Services, //
            },
            width::Width, //
        },
        handover::{
            format::ALLOWED_RANGES,
            stores::Failed,
            table::Allowed, //
        },
        map::mapping::Mapping,
        user::{
            functions::Functions,
            port::Ports, //
        },
    },
};
use core::fmt;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The means to run firmware in user mode.
pub(crate) struct UserMode {
    /// The ranges that firmware has.
    pub(crate) mappings: KVVec<Mapping>,
    /// The same, as C takes them.
    pub(crate) ranges: KVVec<Range>,
    pub(crate) functions: Functions,
    pub(crate) width: Width,
    /// Services that an earlier kernel has taken off in user mode.
    pub(crate) failed: Failed,
}

impl UserMode {
    /// For firmware of this `width` that has its services at the addresses `functions`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(
        mappings: KVVec<Mapping>,
        functions: Functions,
        width: Width,
        failed: Failed,
    ) -> Result<Self> {
        let mut ranges = KVVec::with_capacity(mappings.len(), GFP_KERNEL)?;
        for mapping in &mappings {
            ranges.push(Range::new(mapping), GFP_KERNEL)?;
        }
        Ok(Self {
            mappings,
            ranges,
            functions,
            width,
            failed,
        })
    }
}

/// See [`called`].
const SERVICES: [&Service; 8] = [
    &service::GET_TIME,
    &service::SET_TIME,
    &service::GET_WAKEUP_TIME,
    &service::SET_WAKEUP_TIME,
    &service::GET_VARIABLE,
    &service::GET_NEXT_VARIABLE_NAME,
    &service::SET_VARIABLE,
    &service::QUERY_VARIABLE_INFO,
];

/// Tells if the call with this in-call `mark` is made in user mode.
pub(crate) fn calls(mark: u32) -> bool {
    is_on() && SERVICES.iter().any(|service| service.mark == mark)
}

/// The services that are called in user mode.
pub(crate) fn called() -> Services {
    SERVICES.into_iter().collect()
}

/// The services out of `all` that are on, if the kernel itself may call those in `by_kernel`.
pub(crate) fn services(all: Services, by_kernel: Services) -> Services {
    all.among(called().with(by_kernel)).without(failed())
}

static ON: Atomic<bool> = Atomic::new(false);

/// The services that have failed in user mode, in this kernel.
static FAILED: Atomic<u32> = Atomic::new(0);

/// Tells if firmware runs in user mode.
pub(crate) fn is_on() -> bool {
    ON.load(Relaxed)
}

pub(crate) fn set_on() {
    ON.store(true, Relaxed);
}

/// The services that have failed in user mode, and are off.
pub(crate) fn failed() -> Services {
    Services::from_bits(FAILED.load(Relaxed))
}

/// Takes more services off. Only the thread that is inside firmware may call this.
pub(crate) fn add_failed(services: Services) {
    FAILED.store(failed().with(services).bits(), Relaxed);
}

/// Ports that firmware may use besides those that the kernel knows, one range in each word.
static ALLOWED: [Atomic<u32>; ALLOWED_RANGES] = [const { Atomic::new(0) }; ALLOWED_RANGES];

fn allowed_words() -> Allowed {
    Allowed(ALLOWED.each_ref().map(|word| word.load(Relaxed)))
}

/// Ports that firmware may use besides those that the kernel knows.
pub(crate) fn allowed() -> impl Iterator<Item = Ports> {
    allowed_words().0.into_iter().filter_map(Ports::from_bits)
}

/// Allows more ports, and returns the number of the range. [`None`] if there are too many. Only the
/// thread that is inside firmware may call this, or the one that boots the machine.
pub(crate) fn allow(ports: Ports) -> Option<usize> {
    let number = allowed_words().place(ports.to_bits())?;
    ALLOWED.get(number)?.store(ports.to_bits(), Relaxed);
    Some(number)
}

/// Allows what an earlier kernel has allowed, as far as there is room.
pub(crate) fn inherit(earlier: Allowed) {
    for ports in earlier.0.into_iter().filter_map(Ports::from_bits) {
        allow(ports);
    }
}

/// The kinds of instruction that the kernel has carried out for firmware.
static EMULATED: Atomic<u32> = Atomic::new(0);

/// A kind of instruction that the kernel carries out for firmware.
#[derive(Clone, Copy)]
pub(crate) enum Emulated {
    InterruptFlag = 1,
    FlushCaches = 2,
}

/// Notes that the kernel has carried out an instruction. Returns `true` if it is the first of its
/// kind.
#[cfg(CONFIG_X86_64)]
pub(crate) fn note(emulated: Emulated) -> bool {
    let known = EMULATED.load(Relaxed);
    EMULATED.store(known | emulated as u32, Relaxed);
    known & emulated as u32 == 0
}

/// The privileges that firmware has got: ports, and instructions that the kernel carries out.
pub(crate) struct Privileges;

impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let emulated = EMULATED.load(Relaxed);
        let instructions = [
            (Emulated::InterruptFlag, "cli"),
            (Emulated::FlushCaches, "wbinvd"),
        ];
        let mut space = "";
        for ports in allowed() {
            write!(f, "{space}{ports}")?;
            space = " ";
        }
        for (kind, name) in instructions {
            if emulated & kind as u32 != 0 {
                write!(f, "{space}{name}")?;
                space = " ";
            }
        }
        if space.is_empty() {
            f.pad("none")?;
        }
        Ok(())
    }
}
