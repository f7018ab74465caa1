// SPDX-License-Identifier: GPL-2.0

//! The pure core of the kernel's crate, compiled for the host from the very files that the kernel
//! compiles, so that `cargo test` runs what KUnit runs, and property tests besides.

#![no_std]
#![forbid(unsafe_code)]
// The caller is the kernel, whose build finds what is dead.
#![allow(dead_code, unused_imports)]

#[path = "../../../drivers/firmware/efi/rust/plan/mod.rs"]
pub(crate) mod plan;

#[cfg(test)]
mod properties;

/// What the kernel takes from `lib/crc`.
#[cfg(test)]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
