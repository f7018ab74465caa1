// SPDX-License-Identifier: GPL-2.0

//! The functions that C calls. Only here do pointers become slices and references.

#![allow(unsafe_code)]

mod boot;
mod calls;
#[cfg(CONFIG_EFI_RTMAP_USER)]
mod services;
mod shown;
