// SPDX-License-Identifier: GPL-2.0
//! The lies that firmware's tables tell, as changes of their bytes: no pointers, no firmware.

#![no_std]
#![forbid(unsafe_code)]

pub mod attributes;
mod descriptor;
pub mod memory_map;

pub use descriptor::{Descriptor, Descriptors, PAGE};
