// SPDX-License-Identifier: GPL-2.0
//! Processor state that a call may leave behind. The hook itself changes it, as its last step: only
//! there can no later code undo the change.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use efi_rtmap_orders::What;

pub const CALLEE_SAVED: u8 = 1 << 0;
pub const INTERRUPTS_OFF: u8 = 1 << 1;
#[cfg(target_arch = "x86_64")]
pub const DIRECTION_FLAG: u8 = 1 << 2;
#[cfg(target_arch = "x86_64")]
pub const ALIGNMENT_CHECK: u8 = 1 << 3;
#[cfg(target_arch = "x86_64")]
pub const FPU_CONTROL: u8 = 1 << 4;
#[cfg(target_arch = "x86_64")]
pub const MXCSR: u8 = 1 << 5;
#[cfg(target_arch = "aarch64")]
pub const PLATFORM_REGISTER: u8 = 1 << 6;

/// The state that the current call will spoil.
pub static SPOILED: AtomicU8 = AtomicU8::new(0);

/// Does nothing if `what` is of another kind.
pub fn spoil(what: What) {
    let bit = match what {
        What::CalleeSaved => CALLEE_SAVED,
        What::InterruptsOff => INTERRUPTS_OFF,
        #[cfg(target_arch = "x86_64")]
        What::DirectionFlag => DIRECTION_FLAG,
        #[cfg(target_arch = "x86_64")]
        What::AlignmentCheck => ALIGNMENT_CHECK,
        #[cfg(target_arch = "x86_64")]
        What::FpuControl => FPU_CONTROL,
        #[cfg(target_arch = "x86_64")]
        What::Mxcsr => MXCSR,
        #[cfg(target_arch = "aarch64")]
        What::PlatformRegister => PLATFORM_REGISTER,
        _ => return,
    };
    SPOILED.store(SPOILED.load(Relaxed) | bit, Relaxed);
}
