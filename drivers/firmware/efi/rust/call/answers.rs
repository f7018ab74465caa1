// SPDX-License-Identifier: GPL-2.0

//! Checks of firmware's answers about variables. The kernel's own callers rely on the sizes and on
//! an end of the list.

use crate::{
    ffi::{
        self,
        FW_BUG, //
    },
    plan::firmware::{
        service,
        walk::{
            Name,
            Walk, //
        }, //
    },
};
use kernel::{
    pr_err_once,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The walk through variables of the last call of GetNextVariableName. Concurrent calls may lose a
/// step, which makes a walk longer by one.
static WALK: Atomic<u64> = Atomic::new(0);

/// Tells if the call with this `mark` has written no more to a buffer than there is `room` for. If
/// firmware says that it has, this blames firmware.
pub(crate) fn fits(mark: u32, size: usize, room: usize) -> bool {
    if size <= room {
        return true;
    }
    let service = service::marked(mark).unwrap_or("a service");
    pr_err_once!("{FW_BUG}{service} says that it has written {size} bytes to a buffer of {room}\n");
    ffi::taint_for_firmware();
    false
}

/// Tells if the list of variables is too long at this name, and blames firmware then.
pub(crate) fn names_end_at(name: Name) -> bool {
    let ends = Walk::from_bits(WALK.load(Relaxed)).ends_at(name);
    if ends {
        pr_err_once!("{FW_BUG}GetNextVariableName gives more names than any store holds\n");
        ffi::taint_for_firmware();
    }
    ends
}

/// Records that firmware has answered the name `from` with the name `to`.
pub(crate) fn name_given(from: Name, to: Name) {
    let walk = Walk::from_bits(WALK.load(Relaxed));
    WALK.store(walk.step(from, to).to_bits(), Relaxed);
}
