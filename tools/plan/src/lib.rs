// SPDX-License-Identifier: GPL-2.0

//! The pure core of the kernel's crate, compiled for the host from the very files that the kernel
//! compiles, so that `cargo test` runs what KUnit runs, and property tests besides. For fuzzing,
//! it offers what feeds the plan with any bytes.

#![no_std]
#![forbid(unsafe_code)]
// The caller is the kernel, whose build finds what is dead.
#![allow(dead_code, unused_imports)]

#[path = "../../../drivers/firmware/efi/rust/plan/mod.rs"]
pub(crate) mod plan;

#[cfg(any(test, fuzzing))]
pub mod fuzz;
#[cfg(test)]
mod golden;
#[cfg(any(test, fuzzing))]
mod invariants;
#[cfg(test)]
mod not_less;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recorded;

/// What the kernel takes from `lib/crc`.
#[cfg(any(test, fuzzing))]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
