// SPDX-License-Identifier: GPL-2.0

//! The EFI runtime map: at which addresses firmware is called, whether SetVirtualAddressMap (SVAM)
//! is, what is installed around each call, and what the next kernel of a kexec chain is told.
//!
//! ```text
//!  firmware      facts + decision   layout        page tables    one call     next kernel
//!  firmware -->  plan/choice   -->  plan/map --> arch     -->  call    ...  handover
//!                plan/handover                                              plan/handover
//! ```
//!
//! 1. [`plan`] decides. It is pure: bytes in, values out.
//! 2. [`takeover`] is the one moment at boot when the map is decided upon; [`build`] carries the
//!    decision out. Any doubt there costs the runtime services, never the boot.
//! 3. [`call`] installs the map before each firmware call and removes it after.
//! 4. Page tables, locks, the workqueue and the way into the firmware stay the kernel's own.
//! 5. C comes in through [`entry`]. Only [`ffi`] and [`arch`] call C.
//!
//! C header: [`include/linux/efi-rtmap-rust.h`](srctree/include/linux/efi-rtmap-rust.h)

mod build;
mod call;
mod carrier;
mod entry;
mod failure;
mod fault;
mod ffi;
mod firmware;
mod handover;
mod inside;
mod life;
mod pass_on;
mod plan;
mod report;
mod state;
mod tables;
mod takeover;

#[cfg(CONFIG_X86_64)]
#[path = "../../../../arch/x86/efi/arch.rs"]
mod arch;

#[cfg(CONFIG_ARM64)]
#[path = "../../../../arch/arm64/efi/arch.rs"]
mod arch;

// What the tests of `plan` check tables with.
#[cfg(CONFIG_EFI_RTMAP_KUNIT_TEST)]
use ffi::crc32;

/// Required by the printing macros: what this crate prints stands beside what C prints of EFI.
const __LOG_PREFIX: &[u8] = b"efi: rtmap\0";
