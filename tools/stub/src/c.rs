// SPDX-License-Identifier: GPL-2.0

use std::ffi::{c_char, CStr};

/// `struct efi_rtmap_request`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Request {
    pub off: bool,
    pub retry: bool,
    pub kind: u32,
    pub timeout: u32,
}

extern "C" {
    fn efi_rtmap_add_option(request: *mut Request, option: *const c_char);
}

impl Request {
    /// Reads the words of one `efi=` option.
    pub fn add_option(mut self, option: &CStr) -> Self {
        // SAFETY: `self` is valid for reads and writes, has the layout that C has it in, and
        // `option` is a string.
        unsafe { efi_rtmap_add_option(&mut self, option.as_ptr()) };
        self
    }
}
