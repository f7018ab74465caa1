// SPDX-License-Identifier: GPL-2.0

//! Instructions of arm64 that need privilege: the kernel carries them out. Calls of the secure world
//! are made if their function is allowed.

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
        a64::{
            self,
            Conduit,
            Instruction, //
        },
        function::{
            answer,
            Answer,
            Function, //
        },
        grant::Grant, //
    },
    state::Map,
    user_mode::{
        self,
        Emulated,
        UserMode, //
    },
};
use kernel::prelude::*;

/// Decides on an instruction of `service` that needs privilege. Returns `true` if firmware goes on.
pub(super) fn goes_on(map: &Map, _: &UserMode, service: &str, trap: &mut Trap) -> bool {
    let Some(instruction) = a64::read(&trap.code) else {
        return false;
    };
    match instruction {
        Instruction::Call(conduit) => {
            if !may_call(map, service, trap) || !ffi::monitor::call(conduit == Conduit::Smc) {
                return false;
            }
        }
        Instruction::ReadLevel(register) => {
            note(Emulated::ReadLevel, service, trap.ip);
            ffi::monitor::set_register(register, ffi::monitor::level());
        }
        Instruction::ReadMasks(register) => {
            note(Emulated::Masks, service, trap.ip);
            // Nothing is masked.
            ffi::monitor::set_register(register, 0);
        }
        Instruction::WriteMasks => note(Emulated::Masks, service, trap.ip),
    }
    trap.skip = a64::LENGTH;
    true
}

/// Tells if firmware may call the function in its first register.
fn may_call(map: &Map, service: &str, trap: &Trap) -> bool {
    let Some(function) = Function::from_bits(trap.x0) else {
        return false;
    };
    match answer(function, grants::policy(), user_mode::allowed()) {
        Answer::Make => true,
        Answer::Abort => false,
        Answer::Learn => {
            if grants::record(map, function).is_none() {
                return false;
            }
            pr_info!(
                "function {} of the secure world allowed: {service} calls it at {:#x}\n",
                format_args!("{function}"),
                trap.ip
            );
            true
        }
    }
}
