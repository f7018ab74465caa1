// SPDX-License-Identifier: GPL-2.0

//! The pure core of the kernel's crate, compiled for the host from the kernel's own files. `cargo
//! test` runs the same tests as KUnit, and property tests too. For fuzzing, it offers functions
//! that feed any bytes to the plan. For tools, it offers what a table and the kernel's words say.

#![no_std]
#![forbid(unsafe_code)]
// The caller is the kernel. Its build finds dead code.
#![allow(dead_code, unused_imports)]

#[path = "../../../drivers/firmware/efi/rust/plan/mod.rs"]
pub(crate) mod plan;

pub mod dump;
pub mod message;
pub mod words;

#[cfg(any(test, fuzzing))]
mod exchange;
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

#[cfg(any(test, fuzzing))]
use plan::handover::table::Table;

/// The table at the start of `bytes`, as much of it as a kernel reads. Returns [`None`] if it is no
/// table, or not whole.
#[cfg(any(test, fuzzing))]
pub(crate) fn table(bytes: &[u8]) -> Option<Table<'_>> {
    Some(dump::table(bytes).ok()?.1)
}

/// The kernel takes this function from `lib/crc`.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
