// SPDX-License-Identifier: GPL-2.0

//! The stub's choice of a map, in C, and the kernel proper's, in Rust. Both are compiled from the
//! kernel's own files, and the tests compare them.

// Code that the comparison does not need is dead only here.
#![allow(dead_code, unused_imports)]

#[path = "../../../drivers/firmware/efi/rust/plan/mod.rs"]
mod plan;

/// The stub's result for some arguments.
pub mod c;
/// The kernel proper's result for the same arguments.
pub mod rust;

/// The plan's own tests need this: clippy checks them here too.
#[cfg(test)]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
