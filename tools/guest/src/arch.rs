// SPDX-License-Identifier: GPL-2.0
//! Where and how the kernels of each architecture show what the guest wants to know: the same
//! names for each.

#[cfg(target_arch = "aarch64")]
mod arm64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use arm64::*;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;
