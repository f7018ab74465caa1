// SPDX-License-Identifier: GPL-2.0
//! The lies in firmware's tables, as changes of their bytes. There are no pointers and no firmware.

#![no_std]
#![forbid(unsafe_code)]

pub mod attributes;
mod descriptor;
pub mod memory_map;

pub use descriptor::{Descriptor, Descriptors, PAGE};
