// SPDX-License-Identifier: GPL-2.0

//! Privileges that firmware has got: successors and the user are told of them.

use crate::{
    plan::user::{
        grant::Grant,
        policy::Policy, //
    },
    state::{
        self,
        Map, //
    },
    user_mode::{
        self,
        Emulated,
        Granted, //
    },
};
use kernel::prelude::*;

/// Tells successors of the privileges that this kernel starts with.
pub(super) fn begin(map: &Map) {
    for grant in user_mode::allowed() {
        record(map, grant);
    }
}

/// Gives firmware a privilege from now on, here and in successors. [`None`] if there is no room for it.
pub(super) fn record(map: &Map, grant: Granted) -> Option<()> {
    let Some(number) = user_mode::allow(grant) else {
        pr_err!(
            "no room on the list of privileges for {}\n",
            format_args!("{grant}")
        );
        return None;
    };
    if let Some(table) = &map.table {
        table.record_allowed(number, grant.to_bits());
    }
    Some(())
}

/// The policy that the user asks for.
pub(super) fn policy() -> Policy {
    match state::request().enforce {
        true => Policy::Enforce,
        false => Policy::Learn,
    }
}

/// Notes an instruction that the kernel carries out, and prints the first of its kind.
pub(super) fn note(emulated: Emulated, service: &str, ip: u64) {
    if user_mode::note(emulated) {
        pr_info!(
            "{} carried out: {service} uses it at {ip:#x}\n",
            emulated.name()
        );
    }
}
