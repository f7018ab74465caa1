// SPDX-License-Identifier: GPL-2.0

//! The EFI runtime map: the addresses at which firmware is called, the call of SetVirtualAddressMap
//! (SVAM), the steps around each call, and the facts that the next kernel of a kexec chain gets.
//!
//! ```text
//!  firmware      facts + decision   layout        page tables    one call     next kernel
//!  firmware -->  plan/choice   -->  plan/map -->  takeover  -->  call    ...  handover
//!                plan/handover                                                plan/handover
//! ```
//!
//! Each room uses only the rooms below it:
//!
//! | room | holds |
//! | --- | --- |
//! | [`exports`] | the functions that C calls |
//! | [`takeover`] | the one moment at boot when the map is decided on and built. In doubt, the runtime services go off, and the boot goes on |
//! | [`call`] | one firmware call: the map is installed before it and removed after it |
//! | [`report`] | the boot line and sysfs |
//! | [`state`] | the outcome of the take-over |
//! | `user_mode` | firmware in user mode: the means for it, and what has come of it |
//! | [`handover`] | the handover table in memory, and the mark of the firmware's life |
//! | [`this_arch`], [`arch`] | the architecture, and the contract that it fulfils |
//! | [`ffi`] | the kernel's C functions, made safe |
//! | [`plan`] | the pure core: bytes in, values out |
//!
//! Page tables, locks, the workqueue and the way into the firmware stay the kernel's own. Only
//! [`ffi`] and [`this_arch`] call C.
//!
//! C header: [`include/linux/efi-rtmap-rust.h`](srctree/include/linux/efi-rtmap-rust.h)

#![deny(unsafe_code)]

mod arch;
mod buffer;
mod call;
mod exports;
mod failure;
mod ffi;
mod handover;
mod plan;
mod report;
mod state;
mod takeover;
#[cfg(CONFIG_EFI_RTMAP_USER)]
mod user_mode;

#[cfg(CONFIG_X86_64)]
#[path = "../../../../arch/x86/efi/rtmap.rs"]
mod this_arch;

#[cfg(CONFIG_ARM64)]
#[path = "../../../../arch/arm64/efi/rtmap.rs"]
mod this_arch;

// The tests of `plan` check tables with this.
#[cfg(CONFIG_EFI_RTMAP_KUNIT_TEST)]
use ffi::crc32;

/// Required by the printing macros. C prints the same prefix for EFI.
const __LOG_PREFIX: &[u8] = b"efi: rtmap\0";
