// SPDX-License-Identifier: GPL-2.0

//! Kinds and states: the vocabulary of all other files.

use core::fmt;

/// A map kind: the kind of the addresses that firmware is called at, and the use of SVAM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum Kind {
    /// 1:1, and SVAM is not called.
    Phys = 1,
    /// 1:1, and SVAM is called with `VirtualStart` equal to `PhysicalStart`.
    Ident = 2,
    /// SVAM is called with addresses from a window. A 1:1 alias serves unconverted pointers.
    Fixed = 3,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Phys, Self::Ident, Self::Fixed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Phys => "phys",
            Self::Ident => "ident",
            Self::Fixed => "fixed",
        }
    }

    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    /// Tells if firmware is called at physical addresses.
    pub(crate) fn is_identity(self) -> bool {
        !matches!(self, Self::Fixed)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The privilege that firmware runs with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum Privilege {
    /// As the kernel itself.
    Kernel = 1,
    /// As a process, in an address space of its own.
    User = 2,
}

impl Privilege {
    pub(crate) const ALL: [Self; 2] = [Self::Kernel, Self::User];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::User => "user",
        }
    }

    pub(crate) fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|value| *value as u32 == number)
    }
}

/// The knowledge about the SVAM call of this firmware's life.
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
    pub(crate) const ALL: [Self; 5] = [
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

    /// The state after SVAM has succeeded for a map of `kind`, or has not been called for it.
    pub(crate) fn after(kind: Kind) -> Self {
        match kind {
            Kind::Phys => Self::NotCalled,
            Kind::Ident => Self::CalledIdent,
            Kind::Fixed => Self::CalledFixed,
        }
    }

    /// Tells if a map of `kind` can exist in this state.
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

/// The last state of firmware that an earlier kernel saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Latch {
    #[default]
    Clear,
    /// Firmware faulted or hung in this call.
    Faulted { service: u32 },
    /// A kernel died inside this call.
    InCall { service: u32, count: u32 },
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_kind)
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
