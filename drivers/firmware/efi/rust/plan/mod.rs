// SPDX-License-Identifier: GPL-2.0

//! The pure core: from what the firmware and the previous kernel left in memory to a plan.
//!
//! ```text
//!  bytes                     facts                     plan
//!  memory map      memmap -> regions  ---+
//!  MAT             memattr -> pieces  ---+-> decide -> layout -> perm -> entries -> wire
//!  handover table  wire    -> entries ---+   inherit                        \--> page
//!  SMBIOS          smbios  -> quirk   ---+
//!  traces          fresh   -> first?  ---+
//! ```
//!
//! Everything here is a function from values to values. Nothing allocates, logs or touches
//! hardware: results go to buffers that the caller brings ([`list::List`]). Bytes that came from
//! outside are validated once, by the constructor of the type that wraps them; how many may be read
//! there, [`owner`] tells. The same files run under `cargo test` on the host and under KUnit in the
//! kernel.

#![forbid(unsafe_code)]

pub(crate) mod addr;
pub(crate) mod bytes;
pub(crate) mod decide;
pub(crate) mod entry;
pub(crate) mod fresh;
pub(crate) mod inherit;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod memattr;
pub(crate) mod memmap;
pub(crate) mod memtype;
pub(crate) mod owner;
pub(crate) mod page;
pub(crate) mod perm;
pub(crate) mod quirk;
pub(crate) mod ranges;
pub(crate) mod region;
pub(crate) mod request;
pub(crate) mod runtime;
pub(crate) mod service;
pub(crate) mod smbios;
pub(crate) mod sort;
pub(crate) mod walk;
pub(crate) mod wire;

#[cfg(any(test, fuzzing, CONFIG_EFI_RTMAP_KUNIT_TEST))]
pub(crate) mod fixtures;
