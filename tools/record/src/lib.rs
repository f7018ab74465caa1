// SPDX-License-Identifier: GPL-2.0
//! Recordings: firmware's description of its memory to a kernel. Each recording is a text file.
//! `rtmap-record` writes it on the machine, and the plan's tests read it.

pub mod arch;
pub mod firmware;
pub mod recording;
mod tables;

pub use recording::Recording;
