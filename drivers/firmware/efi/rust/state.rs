// SPDX-License-Identifier: GPL-2.0

//! What the take-over has come to. Set once, at boot, and only read from then on.

use crate::{
    failure::Failure,
    ffi::origin,
    handover::{
        mark::Mark,
        table_memory::TableMemory, //
    },
    plan::{
        choice::{
            decision::Reason,
            request::Request, //
        },
        firmware::service::Services,
        handover::wire::Snapshot,
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
    Fresh = origin::FRESH,
    /// An earlier kernel's handover table.
    Handover = origin::HANDOVER,
    /// The traces that a kernel without handover table leaves.
    Legacy = origin::LEGACY,
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

/// The map that firmware is called with.
pub(crate) struct Map {
    pub(crate) origin: Origin,
    pub(crate) reason: Reason,
    /// What successors are told of it, but for the entries.
    pub(crate) snapshot: Snapshot,
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
    pub(crate) table: Option<TableMemory>,
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
