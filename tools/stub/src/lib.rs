// SPDX-License-Identifier: GPL-2.0

//! The stub's choice of a map, which is C, and that of the kernel proper, which is Rust, side by
//! side. Both are compiled from the very files that the kernel compiles; the tests compare them.

// What the comparison does not need is dead here only.
#![allow(dead_code, unused_imports)]

#[path = "../../../drivers/firmware/efi/rust/plan/mod.rs"]
mod plan;

/// What the stub makes of its arguments.
pub mod c;
/// What the kernel proper makes of the same.
pub mod rust;

/// For the plan's own tests, which clippy looks at here too.
#[cfg(test)]
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
