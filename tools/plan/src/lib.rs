// SPDX-License-Identifier: GPL-2.0

//! The pure core of the kernel's crate, compiled for the host from the kernel's own files. `cargo
//! test` runs the same tests as KUnit, and property tests too. For fuzzing, it offers functions
//! that feed any bytes to the plan.

#![no_std]
#![forbid(unsafe_code)]
// The caller is the kernel. Its build finds dead code.
#![allow(dead_code, unused_imports)]

#[path = "../../../drivers/firmware/efi/rust/plan/mod.rs"]
pub(crate) mod plan;

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
use plan::handover::{
    frame::Frame,
    table::Table,
    table_fixtures::table_in, //
};

/// The table at the start of `bytes`, as much of it as a kernel reads. Returns [`None`] if it is no
/// table, or not whole.
#[cfg(any(test, fuzzing))]
pub(crate) fn table(bytes: &[u8]) -> Option<Table<'_>> {
    let frame = Frame::of(bytes.first_chunk()?).ok()?;
    table_in(bytes.get(..frame.size())?).ok()
}

/// The kernel takes this function from `lib/crc`.
#[cfg(any(test, fuzzing))]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
