// SPDX-License-Identifier: GPL-2.0
//! The status that a service of firmware returns, with the names of UEFI 2.10, appendix D.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status(pub u64);

const ERROR: u64 = 1 << 63;

impl Status {
    pub const SUCCESS: Self = Self(0);
    pub const INVALID_PARAMETER: Self = Self(ERROR | 2);
    pub const BUFFER_TOO_SMALL: Self = Self(ERROR | 5);
    pub const NOT_FOUND: Self = Self(ERROR | 14);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match (self.0 & ERROR != 0, self.0 & !ERROR) {
            (false, 0) => "EFI_SUCCESS",
            (true, 1) => "EFI_LOAD_ERROR",
            (true, 2) => "EFI_INVALID_PARAMETER",
            (true, 3) => "EFI_UNSUPPORTED",
            (true, 4) => "EFI_BAD_BUFFER_SIZE",
            (true, 5) => "EFI_BUFFER_TOO_SMALL",
            (true, 6) => "EFI_NOT_READY",
            (true, 7) => "EFI_DEVICE_ERROR",
            (true, 8) => "EFI_WRITE_PROTECTED",
            (true, 9) => "EFI_OUT_OF_RESOURCES",
            (true, 14) => "EFI_NOT_FOUND",
            (true, 15) => "EFI_ACCESS_DENIED",
            (true, 18) => "EFI_TIMEOUT",
            (true, 21) => "EFI_ABORTED",
            (true, 26) => "EFI_SECURITY_VIOLATION",
            _ => return write!(f, "EFI status {:#x}", self.0),
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_names() {
        assert_eq!(Status::SUCCESS.to_string(), "EFI_SUCCESS");
        assert_eq!(Status(ERROR | 21).to_string(), "EFI_ABORTED");
        assert_eq!(Status(21).to_string(), "EFI status 0x15");
    }
}
