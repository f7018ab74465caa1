// SPDX-License-Identifier: GPL-2.0

//! The status that a service returns (UEFI 2.10, appendix D).

use crate::plan::firmware::width::Width;
use core::fmt;

/// A status, as the kernel has it: the top bit of 64 tells an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status(pub(crate) u64);

impl Status {
    pub(crate) const SUCCESS: Self = Self(0);
    pub(crate) const INVALID_PARAMETER: Self = Self::error(2);
    pub(crate) const UNSUPPORTED: Self = Self::error(3);
    pub(crate) const BUFFER_TOO_SMALL: Self = Self::error(5);
    pub(crate) const NOT_READY: Self = Self::error(6);
    pub(crate) const DEVICE_ERROR: Self = Self::error(7);
    pub(crate) const OUT_OF_RESOURCES: Self = Self::error(9);
    pub(crate) const ABORTED: Self = Self::error(21);

    const fn error(code: u64) -> Self {
        Self(1 << 63 | code)
    }

    /// The status in a register of firmware of this `width`.
    pub(crate) fn from_register(value: u64, width: Width) -> Self {
        match width {
            Width::Bits64 => Self(value),
            // The top bit stays the top bit.
            Width::Bits32 => Self((value & 1 << 31) << 32 | value & 0x7fff_ffff),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_status)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn errors_are_errors_in_either_width() {
        for (value, width, status) in [
            (0, Width::Bits64, Status::SUCCESS),
            (0x8000_0000_0000_0015, Width::Bits64, Status::ABORTED),
            (0xdead_beef_0000_0000, Width::Bits32, Status::SUCCESS),
            (0x8000_0007, Width::Bits32, Status::DEVICE_ERROR),
            (5, Width::Bits32, Status(5)),
        ] {
            assert_eq!(Status::from_register(value, width), status);
        }
    }
}
