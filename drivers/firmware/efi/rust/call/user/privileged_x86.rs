// SPDX-License-Identifier: GPL-2.0

//! Instructions of x86 that need privilege: the kernel allows firmware the ports, or carries the
//! instruction out.

use super::grants::{
    self,
    note, //
};
use crate::{
    ffi::{
        self,
        user::Trap, //
    },
    plan::user::{
        instruction,
        policy::{
            answer,
            Answer, //
        },
        port::Ports, //
    },
    state::Map,
    user_mode::{
        self,
        Emulated,
        UserMode, //
    },
};
use kernel::prelude::*;

/// Allows the task all ports that are known so far.
pub(super) fn allow_ports() {
    for ports in all_ports() {
        ffi::ports::allow(ports);
    }
}

/// The ports that firmware may use.
fn all_ports() -> impl Iterator<Item = Ports> {
    Iterator::chain(ffi::ports::known(), user_mode::allowed())
}

/// Decides on an instruction of `service` that needs privilege. Returns `true` if firmware goes on.
pub(super) fn goes_on(map: &Map, user: &UserMode, service: &str, trap: &mut Trap) -> bool {
    let Some(instruction) = instruction::read(&trap.code, user.width, trap.dx) else {
        return false;
    };
    match answer(instruction, trap.cx, grants::policy(), all_ports()) {
        Answer::Allow(ports) => {
            if grants::record(map, ports).is_none() {
                return false;
            }
            pr_info!(
                "port {} allowed: {service} uses it at {:#x}\n",
                format_args!("{ports}"),
                trap.ip
            );
            ffi::ports::allow(ports);
        }
        Answer::Skip(length) => {
            note(Emulated::InterruptFlag, service, trap.ip);
            trap.skip = length;
        }
        Answer::FlushCaches(length) => {
            note(Emulated::FlushCaches, service, trap.ip);
            ffi::ports::flush_caches();
            trap.skip = length;
        }
        Answer::ReadMsr(length) => {
            note(Emulated::ReadMsr, service, trap.ip);
            if !ffi::ports::read_msr(trap.cx) {
                return false;
            }
            trap.skip = length;
        }
        Answer::Abort => return false,
    }
    true
}
