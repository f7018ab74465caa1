// SPDX-License-Identifier: GPL-2.0

//! The pure core: from what the firmware and the previous kernel left in memory to a plan.
//!
//! Five floors, each of which uses those below it:
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
//! hardware: results go to buffers that the caller brings ([`base::list::List`]). Bytes that came from
//! outside are validated once, by the constructor of the type that wraps them; how many may be read
//! there, [`firmware::owner`] tells. The same files run under `cargo test` on the host and under KUnit
//! in the kernel.

#![forbid(unsafe_code)]

pub(crate) mod base;
pub(crate) mod choice;
pub(crate) mod firmware;
pub(crate) mod handover;
pub(crate) mod map;

#[cfg(any(test, fuzzing, CONFIG_EFI_RTMAP_KUNIT_TEST))]
pub(crate) mod fixtures;
