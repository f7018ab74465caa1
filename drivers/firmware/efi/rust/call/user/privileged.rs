// SPDX-License-Identifier: GPL-2.0

//! Instructions of x86 that need privilege: the kernel allows firmware the ports, or carries the
//! instruction out.

use crate::{
    ffi::{
        self,
        user::Trap, //
    },
    plan::user::{
        instruction,
        policy::{
            answer,
            Answer,
            Policy, //
        },
        port::Ports, //
    },
    state::{
        self,
        Map, //
    },
    user_mode::{
        self,
        Emulated,
        UserMode, //
    },
};
use kernel::prelude::*;

/// Allows the task all ports that are known so far, and tells successors of those that the kernel
/// does not know by itself.
pub(super) fn allow_ports(map: &Map) {
    for ports in all_ports() {
        ffi::ports::allow(ports);
    }
    for ports in user_mode::allowed() {
        record(map, ports);
    }
}

/// The ports that firmware may use.
fn all_ports() -> impl Iterator<Item = Ports> {
    Iterator::chain(ffi::ports::known(), user_mode::allowed())
}

/// Tells successors of `ports`. [`None`] if there is no room for them.
fn record(map: &Map, ports: Ports) -> Option<()> {
    let number = user_mode::allow(ports)?;
    if let Some(table) = &map.table {
        table.record_allowed(number, ports.to_bits());
    }
    Some(())
}

/// Decides on an instruction of `service` that needs privilege. Returns `true` if firmware goes on.
pub(super) fn goes_on(service: &str, trap: &mut Trap) -> bool {
    let Some(map) = state::map() else {
        return false;
    };
    let Some(UserMode { width, .. }) = map.user else {
        return false;
    };
    let Some(instruction) = instruction::read(&trap.code, width, trap.dx) else {
        return false;
    };
    let policy = match state::request().enforce {
        true => Policy::Enforce,
        false => Policy::Learn,
    };
    match answer(instruction, policy, all_ports()) {
        Answer::Allow(ports) => {
            if record(map, ports).is_none() {
                pr_err!(
                    "port {}: there is no room to allow it\n",
                    format_args!("{ports}")
                );
                return false;
            }
            pr_info!(
                "port {} allowed: {} uses it at {:#x}\n",
                format_args!("{ports}"),
                service,
                trap.ip
            );
            ffi::ports::allow(ports);
        }
        Answer::Skip(length) => {
            note(Emulated::InterruptFlag, "cli or sti", service, trap.ip);
            trap.skip = length;
        }
        Answer::FlushCaches(length) => {
            note(Emulated::FlushCaches, "wbinvd", service, trap.ip);
            ffi::ports::flush_caches();
            trap.skip = length;
        }
        Answer::Abort => return false,
    }
    true
}

/// Notes an instruction that the kernel carries out, and prints the first of its kind.
fn note(emulated: Emulated, name: &str, service: &str, ip: u64) {
    if user_mode::note(emulated) {
        pr_info!("{name} carried out: {service} uses it at {ip:#x}\n");
    }
}
