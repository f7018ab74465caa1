// SPDX-License-Identifier: GPL-2.0

//! The words that the decision is made from: what is known of the firmware, of the kernels before,
//! and of what the user wants.

use crate::plan::{
    base::kind::{
        Kind,
        Latch, //
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
    /// SVAM can be called: RT_PROPERTIES (UEFI 2.10, section 4.6) does not exclude it, and the pointer
    /// to it leads to code.
    pub(crate) svam_supported: bool,
    pub(crate) quirk: Option<Quirk>,
    /// The kind that the architecture and the configuration prefer.
    pub(crate) default: Kind,
    /// Whether a 1:1 map, and one in the window, can hold the regions.
    pub(crate) identity_fits: Result<(), LayoutError>,
    pub(crate) fixed_fits: Result<(), LayoutError>,
}

/// What an earlier kernel left behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Predecessor {
    /// There was none: firmware started this kernel, and that is proven.
    None,
    /// There was none but the stub of this boot, which has decided on SVAM.
    Stub(Stub),
    /// Kernels that have not called firmware, so that it is as the stub of the first has left it.
    PassedOn(Stub),
    /// A valid handover table.
    Handover { kind: Kind },
    /// The traces of a stock kernel: addresses in the memory map.
    Legacy { kind: Kind },
    /// There is no map that this kernel could use: it does not fit, or nobody knows what firmware
    /// has been converted to.
    Unusable(InheritError),
}
