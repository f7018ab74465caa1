// SPDX-License-Identifier: GPL-2.0

//! Facts from firmware: its memory map and memory attributes, its services, and the machine's name.

pub(crate) mod entry_point;
pub(crate) mod memattr;
pub(crate) mod memmap;
pub(crate) mod memtype;
pub(crate) mod owner;
pub(crate) mod perm;
pub(crate) mod runtime;
pub(crate) mod service;
pub(crate) mod smbios;
#[cfg_attr(not(CONFIG_EFI_RTMAP_USER), allow(dead_code))]
pub(crate) mod status;
pub(crate) mod walk;
pub(crate) mod width;

#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
pub(crate) mod runtime_fixtures;
