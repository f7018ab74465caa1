// SPDX-License-Identifier: GPL-2.0

//! The contract of an architecture, for x86-64: the default map kind is here. The kernel's memory
//! map, SVAM, and the steps around one call have a file each.

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
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    type Grant = crate::plan::user::port::Ports;

    // The default is SVAM with a 1:1 map, as in FreeBSD, Xen and Redox. Much x86 firmware
    // misbehaves when SVAM is never called (Xen commit 49450415d6, FreeBSD D14677). No report says
    // that a 1:1 map hurts.
    const DEFAULT_KIND: Kind = Kind::Ident;

    // A stock kernel may have called SVAM.
    const LEGACY_IDENTITY: Kind = Kind::Ident;

    const CALLS_SVAM: bool = true;

    const BASIS: Basis = Basis::Table;
}
