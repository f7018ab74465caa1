// SPDX-License-Identifier: GPL-2.0

//! The outcome of the take-over. It is set once, at boot, and only read afterwards.

#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::user_mode::{
    self,
    UserMode, //
};
use crate::{
    failure::Failure,
    ffi::{
        origin,
        services_enabled, //
    },
    handover::{
        mark::Mark,
        table_memory::TableMemory, //
    },
    plan::{
        choice::{
            decision::Reason,
            request::Request, //
        },
        firmware::service::{
            Services,
            RESET_SYSTEM, //
        },
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

/// The origin of the map.
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
    /// The facts about the map that successors get, except the entries.
    pub(crate) snapshot: Snapshot,
    /// The services that firmware claims to have and has code for.
    pub(crate) services: Services,
    /// The services that firmware has no code for: they are refused and firmware is not entered.
    pub(crate) services_off: Services,
    /// The services that the kernel can call with its own privilege.
    pub(crate) by_kernel: Services,
    pub(crate) regions: KVVec<Region>,
    /// Pages without W^X, because this kernel's pages are larger than the firmware's.
    pub(crate) shared_pages: usize,
    /// Pages of 4 KiB that firmware wants writable and executable, or does not tell which of the
    /// two it needs.
    pub(crate) wx_pages: u64,
    /// The handover table, if there is one.
    pub(crate) table: Option<TableMemory>,
    /// The mark of the firmware's life, if the first kernel's stub has left one.
    pub(crate) mark: Option<Mark>,
    /// The means to run firmware in user mode, if it is to run there.
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    pub(crate) user: Option<UserMode>,
}

impl Map {
    /// The services whose callers get an error at once.
    pub(crate) fn refused(&self) -> Services {
        let called = self.by_kernel;
        #[cfg(CONFIG_EFI_RTMAP_USER)]
        let called = match self.user {
            Some(_) => called.with(user_mode::called()),
            None => called,
        };
        self.services_off.with(self.services.without(called))
    }

    /// Tells if firmware can be asked at once to put its variable store in order. User mode begins
    /// later, and asks then.
    pub(crate) fn collects_variables_now(&self) -> bool {
        #[cfg(CONFIG_EFI_RTMAP_USER)]
        if self.user.is_some() {
            return false;
        }
        self.origin == Origin::Fresh
    }
}

/// The outcome of the take-over.
pub(crate) struct State {
    pub(crate) request: Request,
    /// The map, or the reason why the runtime services are off.
    pub(crate) map: Result<Map, Failure>,
}

static REQUEST: Atomic<u64> = Atomic::new(0);
static STATE: SetOnce<State> = SetOnce::new();
static FAULTED: Atomic<bool> = Atomic::new(false);

/// The request on the part of the command line that has been read.
pub(crate) fn request() -> Request {
    Request::from_bits(REQUEST.load(Relaxed))
}

/// Replaces the request. Only the one thread that reads the command line may call this.
pub(crate) fn set_request(request: Request) {
    REQUEST.store(request.to_bits(), Relaxed);
}

/// The outcome of the take-over, or [`None`] before it, and if everything is left to C.
pub(crate) fn get() -> Option<&'static State> {
    STATE.as_ref()
}

/// The map, if there is one and the runtime services are ours.
pub(crate) fn map() -> Option<&'static Map> {
    STATE.as_ref()?.map.as_ref().ok()
}

/// Tells if firmware is known to have failed, in this kernel or in an earlier one.
pub(crate) fn is_faulted() -> bool {
    let at_boot = get().and_then(|state| state.map.as_ref().err());
    FAULTED.load(Relaxed) || at_boot.is_some_and(Failure::is_firmwares)
}

/// The services that the kernel calls with its own privilege, as things stand. If a read was stopped in
/// user mode, those that user mode has are called there only, also in a panic. If a write was, firmware
/// is still asked to reset the machine: nothing relies on its data after that.
pub(crate) fn by_kernel(map: &Map) -> Services {
    if !services_enabled() {
        return Services::NONE;
    }
    if is_faulted() {
        return map.by_kernel.among((&RESET_SYSTEM).into());
    }
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    if user_mode::failed() != Services::NONE {
        return map.by_kernel.without(user_mode::called());
    }
    map.by_kernel
}

/// Records that firmware has failed in this kernel. Returns `true` if this was known before.
pub(crate) fn set_faulted() -> bool {
    FAULTED.xchg(true, Relaxed)
}

/// Records the outcome of the take-over.
pub(crate) fn set(state: State) -> Option<&'static State> {
    STATE.populate(state);
    STATE.as_ref()
}
