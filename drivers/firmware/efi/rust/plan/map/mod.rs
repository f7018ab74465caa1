// SPDX-License-Identifier: GPL-2.0

//! The map: its regions, their addresses, their pages and their permissions.

pub(crate) mod alias;
pub(crate) mod collect;
pub(crate) mod entry;
pub(crate) mod layout;
pub(crate) mod mapping;
pub(crate) mod pages;
pub(crate) mod pieces;
pub(crate) mod pointers;
pub(crate) mod region;
pub(crate) mod write;
