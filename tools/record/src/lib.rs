// SPDX-License-Identifier: GPL-2.0
//! Recordings: what firmware told a kernel of its memory. Each is a file of text, which
//! `rtmap-record` writes on the machine and the plan's tests read.

pub mod arch;
pub mod firmware;
pub mod recording;
mod tables;

pub use recording::Recording;
