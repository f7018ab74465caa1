// SPDX-License-Identifier: GPL-2.0
//! A picture of an EFI runtime map, as SVG: the regions of firmware's memory, their rights, their
//! physical addresses and the addresses of calls, and the differences from an earlier map.

mod change;
mod draw;
mod region;

pub use change::{changes, gone, Change};
pub use draw::{document, inline, STYLE};
pub use region::{size, Part, Region, PAGE};
