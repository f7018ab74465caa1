// SPDX-License-Identifier: GPL-2.0

//! Functions that C calls while the kernel boots.

use crate::{
    ffi::{
        self,
        Booting,
        TakeOver, //
    },
    handover::{
        carriers,
        table_memory::TableMemory, //
    },
    plan::base::addr::PhysAddr,
    report,
    state::{
        self,
        State, //
    },
    takeover::{
        self,
        pass_on, //
    },
};
#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::{
    plan::user::grant,
    user_mode, //
};
use kernel::{
    prelude::*,
    str::BStr, //
};

/// Reads the words of one `efi=` option.
///
/// # Safety
///
/// `option` is a NUL-terminated string. No other thread is there yet.
#[export]
unsafe extern "C" fn efi_rtmap_parse_option(option: *const c_char) {
    // SAFETY: By this function's contract.
    let option = unsafe { CStr::from_char_ptr(option) };
    let request = state::request().add(option.to_bytes(), |word| {
        pr_warn!(
            "unknown option 'rtmap:{}': choose auto, phys, ident, fixed, user, kernel, off, retry or timeout=N\n",
            BStr::from_bytes(word)
        );
    });
    state::set_request(request);
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    for grant in grant::asked(option.to_bytes()) {
        if user_mode::allow(grant).is_none() {
            pr_warn!(
                "no room on the list of privileges for {}\n",
                format_args!("{grant}")
            );
        }
    }
}

/// Tells if the services are on, although they are off by default.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_enables_services() -> bool {
    takeover::enables_services(state::request())
}

/// Tells if everything is left to stock Linux.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_off() -> bool {
    state::request().off
}

/// Marks the handover table as used, if the take-over has not done so. Even if this kernel could
/// not take the map over, its successors are not the first kernel.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_leave_mark() {
    if state::map().is_some() {
        return;
    }
    if let Some(table) = TableMemory::installed() {
        table.leave_mark();
    }
}

/// Takes the runtime map over. Returns `false` to leave everything to C.
///
/// # Safety
///
/// Called once, while the kernel boots, with the physical address of the system table. `__init`
/// code is there, no other thread looks at `efi` or at the handover table, and no other processor
/// runs yet.
#[export]
unsafe extern "C" fn efi_rtmap_take_over(systab: usize) -> bool {
    // SAFETY: By this function's contract.
    let take_over = &unsafe { TakeOver::new() };
    let request = state::request();
    if request.off {
        // The content of the table does not matter: off is off.
        pr_info!("off, as requested\n");
        return false;
    }
    if let Err(error) = ffi::guard_calls() {
        pr_warn!("firmware calls have no time limit: {error:?}\n");
    }
    let Some(map) = takeover::run(take_over, request, PhysAddr::new(systab as u64)).transpose()
    else {
        return false;
    };
    // Calls may be made as soon as services are enabled, so the map must be known before.
    if let Some(state) = state::set(State { request, map }) {
        match &state.map {
            Ok(map) => {
                let (off, cfg) = (map.refused(), map.snapshot.forward_cfg);
                ffi::enable_services(take_over, off, cfg, map.collects_variables_now());
            }
            Err(_) => ffi::disable_services(take_over, carriers::deny_services()),
        }
        report::print(state);
    }
    true
}

/// Passes on to successors the state that this kernel has found. This kernel must not call
/// firmware.
///
/// # Safety
///
/// Called once, while the kernel boots. `__init` code is there, and no other thread looks at
/// `efi`'s memory map or at the handover table.
#[export]
unsafe extern "C" fn efi_rtmap_pass_on() {
    // SAFETY: By this function's contract.
    let booting = unsafe { Booting::new() };
    match pass_on::run(&booting) {
        Ok(()) => {
            pr_info!(
                "firmware is not called, by efi=noruntime or by default, and passed on as it is\n"
            )
        }
        Err(failure) => pr_warn!("firmware is not passed on: {}\n", format_args!("{failure}")),
    }
}
