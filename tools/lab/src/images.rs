// SPDX-License-Identifier: GPL-2.0
//! The images that machines start from: the guest's initrd, and the hostile firmware driver.

mod cpio;
mod cross;
pub mod guest;
pub mod hostile;
mod option_rom;
mod programs;

pub use cpio::Archive;
