// SPDX-License-Identifier: GPL-2.0

//! The pure core: it makes a plan from the state that firmware and the previous kernel left in
//! memory.
//!
//! There are five floors. Each uses only the floors below it:
//!
//! ```text
//!  choice    request  quirk  fresh ------> facts --> decide --> after_svam
//!                                            ^
//!  handover  table --> slot --> inherit -----+                    encode --> stores
//!                                            |                      ^
//!  map       collect --> region --> layout --+--> pieces --> entry -+--> pages --> mapping
//!               ^                                   ^
//!  firmware  memmap     owner      smbios        memattr  perm     runtime  service
//!
//!  base      addr  bytes  list  ranges  sort  kind
//! ```
//!
//! Everything here is a function from values to values. Nothing allocates, logs or touches
//! hardware. Results go to buffers of the caller ([`base::list::List`]). The constructor of a type
//! validates bytes from outside once. [`firmware::owner`] finds how many bytes may be read at an
//! address. The same files run under `cargo test` on the host and under KUnit in the kernel.

#![forbid(unsafe_code)]

pub(crate) mod base;
pub(crate) mod choice;
pub(crate) mod firmware;
pub(crate) mod handover;
pub(crate) mod map;
// Each architecture uses a part of it.
#[allow(dead_code)]
pub(crate) mod user;

#[cfg(any(test, fuzzing, CONFIG_EFI_RTMAP_KUNIT_TEST))]
pub(crate) mod fixtures;
