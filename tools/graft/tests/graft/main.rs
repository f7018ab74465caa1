// SPDX-License-Identifier: GPL-2.0

//! The graft tool as its user runs it, on a small kernel tree.

mod apply;
mod bench;
mod mail;
mod refuse;
mod repository;
