// SPDX-License-Identifier: GPL-2.0

//! The take-over: the one moment at boot when the map is decided upon and built.

use crate::{
    arch,
    build::Plan,
    carrier::Carriers,
    failure::Failure,
    ffi,
    firmware::Firmware,
    handover::Inherited,
    plan::{
        addr::PhysAddr,
        decide::{
            decide,
            Decision,
            Facts,
            Predecessor, //
        },
        fresh::{
            freshness,
            Addresses,
            Freshness,
            Nonce,
            Traces, //
        },
        inherit::legacy_kind,
        layout::AddressSpace,
        region::Region,
        request::{
            Kind,
            Request, //
        }, //
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
pub(crate) fn run(request: Request, systab: PhysAddr) -> Result<Option<Map>, Failure> {
    let carriers = Carriers::open();
    if let Some(supported) = carriers.supported() {
        ffi::set_supported(supported);
    }
    let boot = ffi::boot_facts(systab);
    let firmware = Firmware::read(systab, &boot)?;
    let map = firmware.map()?;
    let space = ffi::address_space();

    let mut regions = Firmware::regions(&map, false)?;
    let (table, found) = carriers.look(&firmware, &space, &regions)?;
    let traces = Traces {
        used: found.used,
        nonce: Nonce::compare(None, None),
        kexec: boot.kexec,
        free_memory: map.has_free_memory(),
        addresses: if arch::STUB_GIVES_ADDRESSES {
            Addresses::of(&regions)
        } else {
            Addresses::Physical
        },
        stub: None,
    };
    let fresh = freshness(&traces) == Freshness::Fresh;
    let predecessor = match &found.inherited {
        Some(Inherited { snapshot, .. }) => Predecessor::Handover {
            kind: snapshot.kind,
        },
        None if fresh => Predecessor::None,
        None => legacy(&mut regions, &space),
    };
    if fresh && arch::LAYS_OUT_BOOT_SERVICES {
        regions = Firmware::regions(&map, true)?;
    }

    let decision = decide(&Facts {
        request,
        predecessor,
        latch: found.latch,
        calls: ffi::calls_firmware(),
        mixed: boot.mixed,
        svam_supported: fresh && firmware.svam_callable(&map)?,
        quirk: firmware.quirk().filter(|_| fresh),
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
        firmware: &firmware,
        space,
        table,
        regions,
    };
    match decision {
        Decision::Decline => Ok(None),
        Decision::ServicesOff(off) => Err(Failure::Off(off)),
        Decision::Fresh {
            kind,
            reason,
            refused,
        } => {
            if let Some(refused) = refused {
                pr_warn!("{} refused: {}\n", refused.name(), format_args!("{reason}"));
            }
            plan.make(kind, reason).map(Some)
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

/// What a kernel without handover table has left in the memory map, as far as it can be told.
fn legacy(regions: &mut [Region], space: &AddressSpace) -> Predecessor {
    match legacy_kind(regions, space, arch::LEGACY_IDENTITY) {
        Ok(kind) => Predecessor::Legacy { kind },
        Err(error) => Predecessor::Unusable(error),
    }
}
