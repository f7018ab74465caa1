// SPDX-License-Identifier: GPL-2.0

//! The input of the decision: facts about firmware, about the kernels before, and about the user's
//! request.

use crate::plan::{
    base::kind::{
        Kind,
        Latch,
        Privilege, //
    },
    choice::{
        quirk::Quirk,
        request::Request, //
    },
    handover::{
        refusal::InheritError,
        stub::Stub, //
    },
    map::layout::LayoutError,
};

/// Everything that the decision depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    pub(crate) request: Request,
    pub(crate) predecessor: Predecessor,
    pub(crate) latch: Latch,
    /// 32-bit firmware under a 64-bit kernel.
    pub(crate) mixed: bool,
    /// Firmware can return to this kernel if it is called with the kernel's privilege.
    pub(crate) in_reach: bool,
    /// The privilege that firmware is to run with.
    pub(crate) privilege: Privilege,
    /// SVAM can be called: RT_PROPERTIES (UEFI 2.10, section 4.6) does not exclude it, and
    /// firmware's pointer to it points to code.
    pub(crate) svam_supported: bool,
    pub(crate) quirk: Option<Quirk>,
    /// The kind that the architecture and the configuration prefer.
    pub(crate) default: Kind,
    /// `Ok` if a 1:1 map can hold the regions. `fixed_fits` is the same for a map in the window.
    pub(crate) identity_fits: Result<(), LayoutError>,
    pub(crate) fixed_fits: Result<(), LayoutError>,
}

/// The state that an earlier kernel has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Predecessor {
    /// There was no earlier kernel: firmware is proven to have started this one.
    None,
    /// There was only the stub of this boot. It has decided on SVAM.
    Stub(Stub),
    /// Earlier kernels have not called firmware. It is as the stub of the first one has left it.
    PassedOn(Stub),
    /// A valid handover table.
    Handover { kind: Kind },
    /// The traces of a stock kernel: addresses in the memory map.
    Legacy { kind: Kind },
    /// This kernel can use no map: the map does not fit, or firmware's addresses after SVAM are
    /// unknown.
    Unusable(InheritError),
}
