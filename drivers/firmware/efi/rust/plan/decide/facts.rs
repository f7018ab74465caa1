// SPDX-License-Identifier: GPL-2.0

//! The words that the decision is made from: what is known of the firmware, of the kernels before,
//! and of what the user wants.

use super::super::{
    inherit::InheritError,
    layout::LayoutError,
    quirk::Quirk,
    request::{
        Kind,
        Request, //
    },
};
use core::fmt;

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

/// The stub's decision on SVAM, where that is the stub's, and what came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stub {
    /// The kind of map, or [`None`] if none fits.
    pub(crate) kind: Option<Kind>,
    pub(crate) reason: StubReason,
    /// The answer of SVAM: the status, if it is not success. [`None`] if it was not called.
    pub(crate) answer: Option<Result<(), u64>>,
}

impl Stub {
    /// The decision of a stub that leaves SVAM to the kernel proper.
    pub(crate) const UNDECIDED: Self = Self {
        kind: Some(Kind::Phys),
        reason: StubReason::Default,
        answer: None,
    };

    /// The state that SVAM is in since.
    pub(crate) fn svam(&self) -> Svam {
        match (self.answer, self.kind) {
            (None, _) => Svam::NotCalled,
            (Some(Ok(())), Some(kind)) => Svam::after(kind),
            (Some(_), _) => Svam::Failed,
        }
    }
}

/// Why the stub has chosen a kind: `enum efi_rtmap_reason`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum StubReason {
    Requested = 1,
    Default = 2,
    /// Stock Linux calls SVAM on this machine.
    Quirk = 3,
    SvamUnsupported = 5,
    /// Another kind does not fit.
    DoesNotFit = 6,
}

impl StubReason {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [
            Self::Requested,
            Self::Default,
            Self::Quirk,
            Self::SvamUnsupported,
            Self::DoesNotFit,
        ]
        .into_iter()
        .find(|reason| *reason as u32 == number)
    }
}

/// What an earlier kernel saw the firmware do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Latch {
    #[default]
    Clear,
    /// It faulted or hung in this call.
    Faulted { service: u32 },
    /// A kernel died inside this call.
    InCall { service: u32, count: u32 },
}

/// What is known about the SVAM call of this firmware's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum Svam {
    Unknown = 0,
    NotCalled = 1,
    CalledIdent = 2,
    CalledFixed = 3,
    Failed = 4,
}

impl Svam {
    const ALL: [Self; 5] = [
        Self::Unknown,
        Self::NotCalled,
        Self::CalledIdent,
        Self::CalledFixed,
        Self::Failed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotCalled => "not-called",
            Self::CalledIdent => "called-ident",
            Self::CalledFixed => "called-fixed",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|svam| *svam as u32 == number)
    }

    /// The state after SVAM has succeeded for a map of `kind`, or been left out for it.
    pub(crate) fn after(kind: Kind) -> Self {
        match kind {
            Kind::Phys => Self::NotCalled,
            Kind::Ident => Self::CalledIdent,
            Kind::Fixed => Self::CalledFixed,
        }
    }

    /// Whether a map of `kind` can be the result of this state.
    pub(crate) fn allows(self, kind: Kind) -> bool {
        match self {
            Self::Unknown => true,
            Self::Failed => kind == Kind::Phys,
            _ => self == Self::after(kind),
        }
    }
}

impl fmt::Display for Svam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_facts)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn svam_states_go_with_kinds() {
        for svam in Svam::ALL {
            assert_eq!(Svam::from_number(svam as u32), Some(svam));
        }
        assert_eq!(Svam::from_number(5), None);
        for kind in Kind::ALL {
            assert!(Svam::after(kind).allows(kind) && Svam::Unknown.allows(kind));
            assert_eq!(Svam::Failed.allows(kind), kind == Kind::Phys);
        }
        assert!(!Svam::CalledFixed.allows(Kind::Ident));
    }
}
