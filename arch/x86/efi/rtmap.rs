// SPDX-License-Identifier: GPL-2.0

//! The contract of an architecture, for x86-64: the kind of map that firmware gets by default, and,
//! each in a file of its own, the kernel's memory map, SVAM, and the steps around one call.

#![allow(unsafe_code)]

mod call;
mod memory_map;
mod svam;

use crate::{
    arch::Architecture,
    plan::{
        base::kind::Kind,
        firmware::perm::Basis, //
    },
};

/// x86-64.
pub(crate) enum Arch {}

impl Architecture for Arch {
    // SVAM with a 1:1 map, as FreeBSD, Xen and Redox make it. Much x86 firmware misbehaves when SVAM is
    // never called (Xen commit 49450415d6, FreeBSD D14677), and no report says that a 1:1 map has hurt.
    const DEFAULT_KIND: Kind = Kind::Ident;

    // That kernel may have called SVAM.
    const LEGACY_IDENTITY: Kind = Kind::Ident;

    const CALLS_SVAM: bool = true;

    const BASIS: Basis = Basis::Table;
}
