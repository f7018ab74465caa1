// SPDX-License-Identifier: GPL-2.0
//! The places where the kernel shows firmware's tables.

#[cfg(target_arch = "aarch64")]
#[path = "arch/arm64.rs"]
mod this;
#[cfg(target_arch = "x86_64")]
#[path = "arch/x86_64.rs"]
mod this;

pub use this::place;
