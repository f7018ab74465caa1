// SPDX-License-Identifier: GPL-2.0

//! Addresses, ranges, bytes and lists, and the words for kinds and states. Only these words know of
//! EFI.

pub(crate) mod addr;
pub(crate) mod bytes;
pub(crate) mod kind;
pub(crate) mod list;
pub(crate) mod ranges;
pub(crate) mod sort;
