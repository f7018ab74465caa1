// SPDX-License-Identifier: GPL-2.0

//! The take-over: the one moment at boot when the map is decided upon and built.

use crate::{
    arch,
    build::Plan,
    carrier::Carriers,
    failure::Failure,
    ffi::{
        self,
        FirmwareMemory,
        TakeOver, //
    },
    firmware::Firmware,
    handover::Inherited,
    life::Mark,
    plan::{
        base::{
            addr::PhysAddr,
            kind::Kind, //
        },
        choice::{
            decide::decide,
            decision::{
                Decision,
                Reason, //
            },
            facts::{
                Facts,
                Predecessor, //
            },
            fresh::{
                freshness,
                Addresses,
                Freshness,
                SvamOnce,
                Traces, //
            },
            request::Request, //
        },
        firmware::service::Services,
        handover::{
            legacy::legacy_kind,
            stub::Stub, //
        },
        map::{
            layout::AddressSpace,
            region::Region, //
        },
    },
    state::Map, //
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
    arch::DEFAULT_KIND
};

/// Decides upon a map for the firmware whose system table is at `systab`, builds it and publishes
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
    let (table, found) = carriers.look(take_over, &firmware, &space, &regions)?;
    let traces = Traces {
        used: found.used,
        passed: found.passed,
        nonce,
        kexec: boot.kexec,
        free_memory: map.has_free_memory(),
        addresses: if arch::CALLS_SVAM && found.passed == 0 {
            // The memory map is firmware's own until a kernel has made another, and kexec says so.
            Addresses::Physical
        } else {
            Addresses::of(&regions)
        },
        stub: found.stub.map(|stub| stub.svam()),
    };
    let (predecessor, svam_once) = match (&found.inherited, found.stub, freshness(&traces)) {
        (Some(Inherited { snapshot, .. }), ..) => {
            let kind = snapshot.kind;
            (Predecessor::Handover { kind }, None)
        }
        (None, Some(stub), Freshness::Stub(_)) => {
            (decided(stub, Predecessor::Stub, &mut regions, &space), None)
        }
        (None, stub, Freshness::PassedOn(_)) => {
            let stub = stub.unwrap_or(Stub::UNDECIDED);
            let predecessor = decided(stub, Predecessor::PassedOn, &mut regions, &space);
            (predecessor, None)
        }
        (None, _, Freshness::Fresh(once)) if arch::CALLS_SVAM => (Predecessor::None, Some(once)),
        (None, stub, _) => (legacy(stub, &mut regions, &space), None),
    };
    let fresh = svam_once.is_some();
    if fresh {
        // The layout has a place for boot services memory, as that of stock Linux has.
        regions = Firmware::regions(&map, true)?;
    }

    let decision = decide(&Facts {
        request,
        predecessor,
        latch: found.latch,
        mixed: boot.mixed,
        svam_supported: fresh && firmware.svam_callable(&map)?,
        quirk: svam_once.as_ref().and_then(|once| firmware.quirk(once)),
        default: DEFAULT_KIND,
        identity_fits: space.identity_fits(&regions),
        // Only a fresh layout may change addresses, and it is made anew below.
        fixed_fits: if fresh {
            space.lay_out_fixed(&mut regions)
        } else {
            Ok(())
        },
    });
    let plan = Plan {
        take_over,
        firmware: &firmware,
        space,
        table,
        mark,
        regions,
        services_off: if request.retry {
            Services::NONE
        } else {
            found.services_off
        },
        passed: found.passed,
    };
    match decision {
        Decision::Decline => Ok(None),
        Decision::ServicesOff(off) => Err(plan.give_up(off)),
        Decision::Fresh {
            kind,
            reason,
            refused,
        } => {
            refuse(refused, reason);
            let once = svam_once.ok_or(Failure::Undecided)?;
            make(plan, once, kind, reason).map(Some)
        }
        Decision::Adopt {
            kind,
            svam,
            reason,
            refused,
        } => {
            refuse(refused, reason);
            plan.adopt(kind, svam, reason).map(Some)
        }
        Decision::Reuse {
            kind,
            reason,
            refused,
        } => {
            if let Some(refused) = refused {
                pr_warn!(
                    "{} refused: the firmware runs with {} since an earlier kernel\n",
                    refused.name(),
                    kind.name()
                );
            }
            plan.reuse(kind, reason, found.inherited).map(Some)
        }
    }
}

#[cfg(CONFIG_X86_64)]
fn make(plan: Plan<'_>, once: SvamOnce, kind: Kind, reason: Reason) -> Result<Map, Failure> {
    plan.make(once, kind, reason)
}

/// Where the stub calls SVAM, its decision is adopted, and there is no other.
#[cfg(CONFIG_ARM64)]
fn make(_: Plan<'_>, _: SvamOnce, _: Kind, _: Reason) -> Result<Map, Failure> {
    Err(Failure::Undecided)
}

/// Says why the kind that was asked for cannot be had.
fn refuse(refused: Option<Kind>, reason: Reason) {
    if let Some(refused) = refused {
        pr_warn!("{} refused: {}\n", refused.name(), format_args!("{reason}"));
    }
}

/// A predecessor with the stub's decision, if the addresses in the memory map are such.
fn decided(
    stub: Stub,
    predecessor: fn(Stub) -> Predecessor,
    regions: &mut [Region],
    space: &AddressSpace,
) -> Predecessor {
    if stub.kind != Some(Kind::Fixed) || stub.answer != Some(Ok(())) {
        // Firmware is physical, whatever the memory map says.
        return predecessor(stub);
    }
    match legacy_kind(regions, space, arch::LEGACY_IDENTITY) {
        Ok(_) => predecessor(stub),
        Err(error) => Predecessor::Unusable(error),
    }
}

/// What a kernel without handover table has left in the memory map, as far as it can be told.
/// Where SVAM has failed in the stub, firmware is physical, and the map has no addresses.
fn legacy(stub: Option<Stub>, regions: &mut [Region], space: &AddressSpace) -> Predecessor {
    let failed = stub.is_some_and(|stub| matches!(stub.answer, Some(Err(_))));
    let kind = if failed {
        space
            .lay_out_identity(regions)
            .map(|()| arch::LEGACY_IDENTITY)
            .map_err(Into::into)
    } else {
        legacy_kind(regions, space, arch::LEGACY_IDENTITY)
    };
    match kind {
        Ok(kind) => Predecessor::Legacy { kind },
        Err(error) => Predecessor::Unusable(error),
    }
}
