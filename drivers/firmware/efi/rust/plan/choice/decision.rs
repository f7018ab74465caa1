// SPDX-License-Identifier: GPL-2.0

//! The output of the decision: an action and its reason.

use crate::plan::{
    base::kind::{
        Kind,
        Svam, //
    },
    firmware::service,
    handover::refusal::InheritError,
    map::layout::LayoutError, //
};
use core::fmt;

const NO_ROOM: &str = "a 1:1 map does not fit kernels with few address bits";

/// The action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Decision {
    /// Leave everything to stock Linux.
    Decline,
    /// Boot without runtime services.
    ServicesOff(Off),
    /// Install the predecessor's map. `refused` is the requested kind, if it can no longer be had.
    Reuse {
        kind: Kind,
        reason: Reason,
        refused: Option<Kind>,
    },
    /// Install the map that the stub has decided on. `svam` is the state that the stub left.
    /// `refused` as above.
    Adopt {
        kind: Kind,
        svam: Svam,
        reason: Reason,
        refused: Option<Kind>,
    },
    /// Make a map. Call SVAM unless the kind is [`Kind::Phys`]. `refused` as above.
    Fresh {
        kind: Kind,
        reason: Reason,
        refused: Option<Kind>,
    },
}

/// The reason for a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    Requested,
    Default,
    Quirk(&'static str),
    Mixed,
    SvamUnsupported,
    /// SVAM could not return to this kernel.
    OutOfReach,
    DoesNotFit(LayoutError),
    /// The stub found no address range that kernels with any number of address bits have.
    NoRoom,
    Handover,
    Legacy,
    /// SVAM returned this status, and firmware is still physical.
    SvamFailed(u64),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("requested on the command line"),
            Self::Default => f.write_str("default of this kernel"),
            Self::Quirk(source) => write!(f, "this firmware needs it ({source})"),
            Self::Mixed => f.write_str("firmware is 32-bit"),
            Self::SvamUnsupported => f.write_str("firmware does not support SVAM at run time"),
            Self::OutOfReach => f.write_str("SVAM cannot return to a kernel above 4 GiB"),
            Self::DoesNotFit(error) => error.fmt(f),
            Self::NoRoom => f.write_str(NO_ROOM),
            Self::Handover => f.write_str("inherited through the handover table"),
            Self::Legacy => f.write_str("inherited from a kernel without handover table"),
            Self::SvamFailed(status) => write!(f, "SVAM failed with status {status:#x}"),
        }
    }
}

/// The reason why the runtime services stay off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Off {
    Faulted {
        service: u32,
    },
    InCall {
        service: u32,
        count: u32,
    },
    /// 32-bit firmware can return to this kernel from user mode only.
    OutOfReach,
    /// An inherited map gives 32-bit firmware addresses that it cannot have.
    Mixed,
    Unusable(InheritError),
    DoesNotFit(LayoutError),
    /// There is a reason against SVAM, and the addresses of firmware without SVAM do not fit.
    PhysDoesNotFit(Reason, LayoutError),
    /// The stub found no address range that kernels with any number of address bits have.
    NoRoom,
    /// SVAM faulted: the pointers that it had converted by then are unknown.
    SvamFault,
    /// SVAM returned this status, and the 1:1 map that firmware still has does not fit.
    SvamFailed(u64, LayoutError),
    /// SVAM returned this status, which is neither success nor an error.
    SvamUnclear(u64),
}

impl Off {
    /// Tells if SVAM has left firmware's addresses in doubt.
    pub(crate) fn is_svams(&self) -> bool {
        matches!(self, Self::SvamFault | Self::SvamUnclear(_))
    }
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let retry = "boot with efi=rtmap:retry to use it all the same";
        match self {
            Self::Faulted { service } => write!(
                f,
                "an earlier kernel saw the firmware fault or hang ({}); {retry}",
                Call(*service)
            ),
            Self::InCall { service, count } => write!(
                f,
                "an earlier kernel stopped inside firmware call {count} ({}); {retry}",
                Call(*service)
            ),
            Self::OutOfReach => f.write_str(
                "32-bit firmware cannot return to a kernel above 4 GiB; boot with efi=rtmap:user to \
                 use it all the same",
            ),
            Self::Mixed => f.write_str("an earlier kernel's map has high addresses for 32-bit firmware"),
            Self::Unusable(error) => {
                write!(f, "cannot use the map of an earlier kernel: {error}")
            }
            Self::DoesNotFit(error) => error.fmt(f),
            Self::PhysDoesNotFit(reason, error) => {
                write!(f, "{error}, and only phys will do: {reason}")
            }
            Self::NoRoom => f.write_str(NO_ROOM),
            Self::SvamFault => f.write_str(
                "firmware faulted in SVAM; restart the machine with efi=rtmap:phys to leave SVAM out",
            ),
            Self::SvamFailed(status, error) => {
                write!(f, "SVAM failed with status {status:#x}, and {error}")
            }
            Self::SvamUnclear(status) => write!(
                f,
                "SVAM returned {status:#x}, neither success nor an error; restart the machine with \
                 efi=rtmap:phys to leave SVAM out"
            ),
        }
    }
}

/// A firmware call, by its mark.
struct Call(u32);

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match service::marked(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "service {}", self.0),
        }
    }
}
