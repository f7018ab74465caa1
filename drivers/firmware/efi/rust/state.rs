// SPDX-License-Identifier: GPL-2.0

//! What the take-over has come to. Set once, at boot, and only read from then on.

use crate::{
    failure::Failure,
    handover::Memory,
    life::Mark,
    plan::{
        base::kind::{
            Kind,
            Svam, //
        },
        choice::{
            decision::Reason,
            request::Request, //
        },
        firmware::service::Services,
        map::region::Region, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SetOnce, //
    },
};

/// Where the map came from.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Origin {
    /// This kernel made it.
    Fresh = 1,
    /// An earlier kernel's handover table.
    Handover = 2,
    /// The traces that a kernel without handover table leaves.
    Legacy = 3,
}

impl Origin {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Handover => "handover",
            Self::Legacy => "legacy",
        }
    }
}

/// What is known of the firmware's life up to now.
#[derive(Clone, Copy)]
pub(crate) struct Life {
    pub(crate) origin: Origin,
    pub(crate) generation: u32,
    pub(crate) svam: Svam,
    pub(crate) svam_generation: Option<u32>,
}

impl Life {
    /// That of the first kernel to call firmware, after `passed` that have passed it on. It has
    /// brought SVAM to the state `svam`, or the stub has.
    pub(crate) fn first(svam: Svam, passed: u32) -> Self {
        Self {
            origin: if passed == 0 {
                Origin::Fresh
            } else {
                Origin::Handover
            },
            generation: passed,
            svam,
            svam_generation: (svam != Svam::NotCalled).then_some(0),
        }
    }

    /// What the traces of a kernel without handover table tell, which left a map of `kind`.
    pub(crate) fn legacy(kind: Kind) -> Self {
        Self {
            origin: Origin::Legacy,
            // At least: kernels without handover table do not count.
            generation: 1,
            svam: if kind == Kind::Fixed {
                Svam::CalledFixed
            } else {
                Svam::Unknown
            },
            svam_generation: None,
        }
    }
}

/// The map that firmware is called with.
pub(crate) struct Map {
    pub(crate) kind: Kind,
    pub(crate) reason: Reason,
    pub(crate) life: Life,
    /// Forward-edge control flow checks may stay on during calls.
    pub(crate) forward_cfg: bool,
    /// The services that firmware claims to have and has code for.
    pub(crate) services: Services,
    /// Those that it has no code for: they are refused without entering it.
    pub(crate) services_off: Services,
    pub(crate) regions: KVVec<Region>,
    /// Pages in which W^X is given up because this kernel's are larger than the firmware's.
    pub(crate) shared_pages: usize,
    /// Pages of 4 KiB that firmware asks to be writable and executable, or does not say of which
    /// they are.
    pub(crate) wx_pages: u64,
    /// The handover table, if the first kernel's stub has made one.
    pub(crate) table: Option<Memory>,
    /// The mark of the firmware's life, if that stub has left one.
    pub(crate) mark: Option<Mark>,
}

/// How the take-over ended.
pub(crate) struct State {
    pub(crate) request: Request,
    /// The map, or why the runtime services are off.
    pub(crate) map: Result<Map, Failure>,
}

static REQUEST: Atomic<u32> = Atomic::new(0);
static STATE: SetOnce<State> = SetOnce::new();
static FAULTED: Atomic<bool> = Atomic::new(false);

/// What the command line has asked for so far.
pub(crate) fn request() -> Request {
    Request::from_bits(REQUEST.load(Relaxed))
}

/// Replaces what the command line asks for. Only while the command line is read, by one thread.
pub(crate) fn set_request(request: Request) {
    REQUEST.store(request.to_bits(), Relaxed);
}

/// How the take-over ended, or [`None`] if it has not, or has left everything to C.
pub(crate) fn get() -> Option<&'static State> {
    STATE.as_ref()
}

/// The map, if there is one and the runtime services are ours.
pub(crate) fn map() -> Option<&'static Map> {
    STATE.as_ref()?.map.as_ref().ok()
}

/// Whether firmware is known to have failed, in this kernel or in an earlier one.
pub(crate) fn is_faulted() -> bool {
    let at_boot = get().and_then(|state| state.map.as_ref().err());
    FAULTED.load(Relaxed) || at_boot.is_some_and(Failure::is_firmwares)
}

/// Records that firmware has failed in this kernel. Returns whether that was known.
pub(crate) fn set_faulted() -> bool {
    FAULTED.xchg(true, Relaxed)
}

/// Records how the take-over ended.
pub(crate) fn set(state: State) -> Option<&'static State> {
    STATE.populate(state);
    STATE.as_ref()
}
