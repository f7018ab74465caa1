// SPDX-License-Identifier: GPL-2.0
//! Functions that need the processor's own instructions. Both files have the same names.

use efi_rtmap_orders::Service;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::*;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

/// The hook's address, for the table.
macro_rules! hooks {
    ($service:expr; $($index:literal)+) => {
        match $service as usize {
            $($index => hook::<$index> as *const () as usize,)+
            _ => unreachable!(),
        }
    };
}

pub fn hook_of(service: Service) -> usize {
    hooks!(service; 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
}
