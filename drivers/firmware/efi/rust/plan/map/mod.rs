// SPDX-License-Identifier: GPL-2.0

//! The map: which regions there are, at which addresses, in which pages, and with which permissions.

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
