// SPDX-License-Identifier: GPL-2.0

//! The take-over: the one moment at boot when the map is decided upon and made.
//!
//! Each step takes the result of the one before it:
//!
//! | step | result |
//! | --- | --- |
//! | the facts of the boot are read | [`Firmware`](firmware::Firmware), [`Found`](crate::handover::table_memory::Found) |
//! | the kernels before are judged | [`Past`] |
//! | all that the decision depends on, the kinds that fit included | [`Facts`] |
//! | [`decide`] | [`Decision`](crate::plan::choice::decision::Decision) |
//! | it is carried out: SVAM is prepared and called, or a map taken over, mapped and published | [`Map`] |

mod enact;
mod firmware;
#[cfg(CONFIG_X86_64)]
mod make;
mod page_tables;
pub(crate) mod pass_on;
mod past;
mod publish;

#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::user_mode;
use crate::{
    arch::Architecture,
    failure::Failure,
    ffi::{
        self,
        FirmwareMemory,
        TakeOver, //
    },
    handover::{
        carriers::Carriers,
        mark::Mark, //
    },
    plan::{
        base::{
            addr::PhysAddr,
            kind::{
                Kind,
                Latch,
                Privilege, //
            },
        },
        choice::{
            decide::decide,
            facts::Facts,
            request::Request, //
        },
        firmware::service::{
            Services,
            RESET_SYSTEM, //
        },
        handover::stores::Failed,
        user::contained, //
    },
    state::Map,
    takeover::{
        enact::Means,
        firmware::Firmware,
        past::Past, //
    },
    this_arch::Arch, //
};
use kernel::prelude::*;

/// The kind for firmware that nothing is known about.
const DEFAULT_KIND: Kind = if cfg!(CONFIG_EFI_RTMAP_DEFAULT_PHYS) {
    Kind::Phys
} else if cfg!(CONFIG_EFI_RTMAP_DEFAULT_IDENT) {
    Kind::Ident
} else if cfg!(CONFIG_EFI_RTMAP_DEFAULT_FIXED) {
    Kind::Fixed
} else {
    Arch::DEFAULT_KIND
};

/// The privilege that firmware runs with if the user does not ask for one.
const DEFAULT_PRIVILEGE: Privilege = if cfg!(CONFIG_EFI_RTMAP_DEFAULT_USER) {
    Privilege::User
} else {
    Privilege::Kernel
};

/// The privilege that firmware is to run with.
fn privilege(request: Request) -> Privilege {
    let asked = request.privilege.unwrap_or(DEFAULT_PRIVILEGE);
    if asked == Privilege::User && !cfg!(CONFIG_EFI_RTMAP_USER) {
        pr_warn!("user refused: this kernel has no user mode (CONFIG_EFI_RTMAP_USER)\n");
        return Privilege::Kernel;
    }
    asked
}

/// Tells if `request` turns services on that this kernel has off by default.
pub(crate) fn enables_services(request: Request) -> bool {
    cfg!(CONFIG_EFI_RTMAP_USER) && request.enables_services(DEFAULT_PRIVILEGE)
}

/// The services that the kernel may call with its own privilege, out of those that it can so call. If
/// services are on because of user mode, there is no other way to call them, except to restart the
/// machine.
fn by_kernel(request: Request, called: u32) -> Services {
    let called = Services::from_bits(called);
    if cfg!(CONFIG_EFI_DISABLE_RUNTIME) && enables_services(request) {
        called.among((&RESET_SYSTEM).into())
    } else {
        called
    }
}

/// Decides upon a map for the firmware whose system table is at `systab`, makes it and publishes
/// it. [`None`] leaves everything to C.
///
/// # Errors
///
/// The reason why the kernel must do without runtime services.
pub(crate) fn run(
    take_over: &TakeOver,
    request: Request,
    systab: PhysAddr,
) -> Result<Option<Map>, Failure> {
    let memory = FirmwareMemory::new()?;
    let mark = Mark::open(&memory);
    let life = mark.as_ref().and_then(Mark::nonce);
    let carriers = Carriers::open(take_over, &memory, life);
    if let Some(supported) = carriers.supported() {
        ffi::set_supported(take_over, supported);
    }
    let boot = ffi::boot_facts(take_over);
    let firmware = Firmware::read(take_over, memory, systab, &boot)?;
    let map = firmware.map()?;
    let space = ffi::address_space();
    let mut regions = Firmware::regions(&map, false)?;
    let nonce = carriers.nonce();
    let (table, found) = carriers.look(take_over, &firmware.identity, &space, &regions)?;

    let Past {
        predecessor,
        svam_once,
    } = Past::judge(&found, nonce, boot.kexec, &map, &mut regions, &space);
    if svam_once.is_some() {
        // The layout has a place for boot services memory, as that of stock Linux has.
        regions = Firmware::regions(&map, true)?;
    }

    let privilege = privilege(request);
    let (services_off, failed) = if request.retry {
        (Services::NONE, Services::NONE)
    } else {
        (found.services_off, found.failed)
    };
    let latch = contained::latch(found.latch, failed, privilege);
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    user_mode::inherit(found.allowed);
    let decision = decide(&Facts {
        request,
        predecessor,
        latch,
        mixed: boot.mixed,
        in_reach: boot.in_reach,
        privilege,
        svam_supported: svam_once.is_some() && firmware.svam_callable(&map)?,
        quirk: svam_once.as_ref().and_then(|once| firmware.quirk(once)),
        default: DEFAULT_KIND,
        identity_fits: space.identity_fits(&regions),
        fixed_fits: space.fixed_fits(&regions),
    });

    let means = Means {
        take_over,
        firmware: &firmware,
        space,
        table,
        mark,
        regions,
        services_off: services_off.with(failed),
        failed: Failed {
            in_service: match (latch, found.latch) {
                (Latch::Clear, Latch::Faulted { service }) => service,
                _ => 0,
            },
            services: failed,
        },
        by_kernel: by_kernel(request, boot.called),
        #[cfg(CONFIG_EFI_RTMAP_USER)]
        privilege,
        passed: found.passed,
    };
    means.carry_out(decision, svam_once, found.inherited)
}
