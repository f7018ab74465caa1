// SPDX-License-Identifier: GPL-2.0

//! What differs per architecture, for x86-64: the address space that firmware is called in, the
//! kind of map it gets by default, the kernel's memory map, SVAM, and the steps around one call.

mod call;
mod memory_map;
mod svam;

use crate::plan::{
    base::kind::Kind,
    firmware::perm::Basis, //
};

pub(crate) use self::{
    call::{
        Installed,
        KEPT, //
    },
    memory_map::{
        install_memory_map,
        pass_on_memory_map,
        rewrite_memory_map, //
    },
    svam::{
        cancel_svam,
        prepare_svam,
        release_boot_services,
        set_virtual_address_map,
        Prepared, //
    },
};

/// The map kind for firmware that nothing is known about: SVAM with a 1:1 map, as FreeBSD, Xen and
/// Redox make it. Much x86 firmware misbehaves when SVAM is never called (Xen commit 49450415d6,
/// FreeBSD D14677), and no report says that a 1:1 map has hurt.
pub(crate) const DEFAULT_KIND: Kind = Kind::Ident;

/// The kind to report for a 1:1 map that a kernel without handover table has left: that kernel
/// may have called SVAM.
pub(crate) const LEGACY_IDENTITY: Kind = Kind::Ident;

/// The kernel proper calls SVAM.
pub(crate) const CALLS_SVAM: bool = true;

/// The words of firmware that count for permissions, as in stock.
pub(crate) const BASIS: Basis = Basis::Table;

/// Successors keep the addresses: stock ones map whatever they are given, and do not call firmware if
/// the RT_PROPERTIES table says that it supports nothing.
pub(crate) fn withdraw_addresses() {}
