// SPDX-License-Identifier: GPL-2.0

//! Firmware in user mode: the means for it, and what has come of it so far.

use crate::{
    arch::Architecture,
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
            grant::Grant, //
        },
    },
    this_arch::Arch,
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

/// A privilege that firmware can be given: a range of ports, or a function of the secure world.
pub(crate) type Granted = <Arch as Architecture>::Grant;

/// Privileges that firmware has besides those that the kernel knows, one in each word.
static ALLOWED: [Atomic<u32>; ALLOWED_RANGES] = [const { Atomic::new(0) }; ALLOWED_RANGES];

fn allowed_words() -> Allowed {
    Allowed(ALLOWED.each_ref().map(|word| word.load(Relaxed)))
}

/// Privileges that firmware has besides those that the kernel knows.
pub(crate) fn allowed() -> impl Iterator<Item = Granted> {
    let words = allowed_words().0.into_iter();
    words.filter_map(Granted::from_bits)
}

/// Gives firmware one more, and returns its number. [`None`] if there are too many. Only the thread
/// that is inside firmware may call this, or the one that boots the machine.
pub(crate) fn allow(grant: Granted) -> Option<usize> {
    let number = allowed_words().place(grant.to_bits())?;
    ALLOWED.get(number)?.store(grant.to_bits(), Relaxed);
    Some(number)
}

/// Allows what an earlier kernel has allowed, as far as there is room.
pub(crate) fn inherit(earlier: Allowed) {
    for grant in earlier.0.into_iter().filter_map(Granted::from_bits) {
        allow(grant);
    }
}

/// The kinds of instruction that the kernel has carried out for firmware.
static EMULATED: Atomic<u32> = Atomic::new(0);

/// A kind of instruction that the kernel carries out for firmware.
#[derive(Clone, Copy)]
// Each architecture has some of them.
#[allow(dead_code)]
pub(crate) enum Emulated {
    InterruptFlag = 1,
    FlushCaches = 2,
    ReadMsr = 4,
    ReadLevel = 8,
    Masks = 16,
}

impl Emulated {
    const ALL: [Self; 5] = [
        Self::InterruptFlag,
        Self::FlushCaches,
        Self::ReadMsr,
        Self::ReadLevel,
        Self::Masks,
    ];

    /// The name of the instruction, or of the register that it reads.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InterruptFlag => "cli",
            Self::FlushCaches => "wbinvd",
            Self::ReadMsr => "rdmsr",
            Self::ReadLevel => "CurrentEL",
            Self::Masks => "DAIF",
        }
    }
}

/// Notes that the kernel has carried out an instruction. Returns `true` if it is the first of its
/// kind.
pub(crate) fn note(emulated: Emulated) -> bool {
    let known = EMULATED.load(Relaxed);
    EMULATED.store(known | emulated as u32, Relaxed);
    known & emulated as u32 == 0
}

/// The privileges that firmware has got: those that it was given one by one, and instructions that
/// the kernel carries out.
pub(crate) struct Privileges;

impl fmt::Display for Privileges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let emulated = EMULATED.load(Relaxed);
        let mut space = "";
        for grant in allowed() {
            write!(f, "{space}{grant}")?;
            space = " ";
        }
        for kind in Emulated::ALL {
            if emulated & kind as u32 != 0 {
                write!(f, "{space}{}", kind.name())?;
                space = " ";
            }
        }
        if space.is_empty() {
            f.pad("none")?;
        }
        Ok(())
    }
}
