// SPDX-License-Identifier: GPL-2.0
//! What is measured or shown over many machines: a table each for people, and results for machines.

pub mod bench;
pub mod comparison;
pub mod demo;
pub mod junit;
pub mod ktap;
mod page_tables;
pub mod soak;
