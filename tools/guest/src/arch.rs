// SPDX-License-Identifier: GPL-2.0
//! The places and formats in which kernels of each architecture show facts to the guest. The names
//! are the same for each.

#[cfg(target_arch = "aarch64")]
mod arm64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use arm64::*;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;
