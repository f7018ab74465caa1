// SPDX-License-Identifier: GPL-2.0
//! What is measured or shown over many machines: a table each for people.

pub mod bench;
pub mod comparison;
pub mod demo;
mod page_tables;
pub mod soak;
