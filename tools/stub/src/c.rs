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

/// `struct efi_rtmap_choice_facts`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Facts {
    pub request: Request,
    pub svam_supported: bool,
    pub identity_fits: bool,
    pub fixed_fits: bool,
    pub quirk: u32,
    pub default_kind: u32,
}

/// `struct efi_rtmap_choice`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Choice {
    pub kind: u32,
    pub reason: u32,
}

extern "C" {
    fn efi_rtmap_add_option(request: *mut Request, option: *const c_char);
    fn efi_rtmap_choose(facts: *const Facts) -> Choice;
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

/// Chooses for firmware that has just started.
pub fn choose(facts: &Facts) -> Choice {
    // SAFETY: `facts` is valid for reads, and has the layout that C has it in.
    unsafe { efi_rtmap_choose(facts) }
}
