// SPDX-License-Identifier: GPL-2.0

//! Traps of firmware in user mode. Instructions that need privilege may be allowed or carried out. All
//! other traps end the call.

#[cfg(CONFIG_ARM64)]
use super::privileged_arm64 as privileged;
#[cfg(CONFIG_X86_64)]
use super::privileged_x86 as privileged;
use crate::{
    call::fault,
    ffi::{
        user::{
            trap_name,
            Trap, //
        },
        FW_BUG, //
    },
    plan::{
        base::addr::VirtAddr,
        firmware::service::{
            self,
            Service, //
        }, //
    },
    state,
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

/// The in-call mark of the service that firmware is in.
static SERVICE: Atomic<u32> = Atomic::new(0);

/// Names the `service` that is about to be called.
pub(super) fn expect(service: &Service) {
    SERVICE.store(service.mark, Relaxed);
}

/// The name of the service that firmware is in.
fn service() -> &'static str {
    service::marked(SERVICE.load(Relaxed)).unwrap_or("a service")
}

/// Decides if firmware goes on after `trap`. If not, this prints a trap that is not quiet.
pub(crate) fn resumes(trap: &mut Trap) -> bool {
    if trap.privileged && goes_on(trap) {
        return true;
    }
    if !trap.quiet {
        print(trap);
    }
    false
}

fn goes_on(trap: &mut Trap) -> bool {
    let Some(map) = state::map() else {
        return false;
    };
    let Some(user) = &map.user else {
        return false;
    };
    privileged::goes_on(map, user, service(), trap)
}

/// Prints `trap` as a fault in kernel privilege is printed.
fn print(trap: &Trap) {
    let name = trap_name(trap);
    if trap.page_fault {
        pr_err!(
            "{FW_BUG}{name} for address {:#x} in EFI runtime service at {:#x}: {}, in user mode\n",
            trap.address,
            trap.ip,
            service()
        );
    } else {
        pr_err!(
            "{FW_BUG}{name} in EFI runtime service at {:#x}: {}, in user mode\n",
            trap.ip,
            service()
        );
    }
    if let Some(map) = state::map() {
        let read = |_, bytes: &mut [u8]| {
            for (byte, code) in bytes.iter_mut().zip(trap.code) {
                *byte = code;
            }
        };
        fault::show_place(map, VirtAddr::new(trap.ip), read);
    }
}
