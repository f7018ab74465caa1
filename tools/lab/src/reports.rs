// SPDX-License-Identifier: GPL-2.0
//! Results of many machines: tables and pages for people, and files for programs.

pub mod bench;
pub mod comparison;
pub mod demo;
mod facts;
pub mod html;
pub mod junit;
pub mod kept;
pub mod ktap;
pub mod neighbours;
mod page_tables;
pub mod rst;
pub mod soak;
