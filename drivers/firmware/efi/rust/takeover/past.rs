// SPDX-License-Identifier: GPL-2.0

//! The past: the kernels before this one, as far as memory tells of them.

use crate::{
    arch::Architecture,
    handover::table_memory::{
        Found,
        Inherited, //
    },
    plan::{
        base::kind::Kind,
        choice::{
            facts::Predecessor,
            fresh::{
                freshness,
                Addresses,
                Freshness,
                Nonce,
                SvamOnce,
                Traces, //
            },
        },
        firmware::memmap::MemoryMap,
        handover::{
            legacy::legacy_kind,
            stub::Stub, //
        },
        map::{
            layout::AddressSpace,
            region::Region, //
        }, //
    },
    this_arch::Arch, //
};

/// The verdict on the past.
pub(super) struct Past {
    pub(super) predecessor: Predecessor,
    /// The right to call SVAM, if there was no kernel before this one and the stub has left it to
    /// the kernel proper.
    pub(super) svam_once: Option<SvamOnce>,
}

impl Past {
    /// Judges by what was `found` in the handover tables, whose nonces say `nonce`, by the memory
    /// `map`, and by `kexec`, which has started this kernel or not. Gives `regions` the addresses
    /// that firmware has without a table.
    pub(super) fn judge(
        found: &Found,
        nonce: Nonce,
        kexec: bool,
        map: &MemoryMap<'_>,
        regions: &mut [Region],
        space: &AddressSpace,
    ) -> Self {
        let traces = Traces {
            used: found.used,
            passed: found.passed,
            nonce,
            kexec,
            free_memory: map.has_free_memory(),
            addresses: if Arch::CALLS_SVAM && found.passed == 0 {
                // The memory map is firmware's own until a kernel has made another, and kexec says
                // so.
                Addresses::Physical
            } else {
                Addresses::of(regions)
            },
            stub: found.stub.map(|stub| stub.svam()),
        };
        let mut svam_once = None;
        let predecessor = match (&found.inherited, found.stub, freshness(&traces)) {
            (Some(Inherited { snapshot, .. }), ..) => Predecessor::Handover {
                kind: snapshot.kind,
            },
            (None, Some(stub), Freshness::Stub(_)) => {
                decided(stub, Predecessor::Stub, regions, space)
            }
            (None, stub, Freshness::PassedOn(_)) => {
                let stub = stub.unwrap_or(Stub::UNDECIDED);
                decided(stub, Predecessor::PassedOn, regions, space)
            }
            (None, _, Freshness::Fresh(once)) if Arch::CALLS_SVAM => {
                svam_once = Some(once);
                Predecessor::None
            }
            (None, stub, _) => legacy(stub, regions, space),
        };
        Self {
            predecessor,
            svam_once,
        }
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
    match legacy_kind(regions, space, Arch::LEGACY_IDENTITY) {
        Ok(_) => predecessor(stub),
        Err(error) => Predecessor::Unusable(error),
    }
}

/// The traces in the memory map of a kernel without handover table, as far as they can be read.
/// Where SVAM has failed in the stub, firmware is physical, and the map has no addresses.
fn legacy(stub: Option<Stub>, regions: &mut [Region], space: &AddressSpace) -> Predecessor {
    let failed = stub.is_some_and(|stub| matches!(stub.answer, Some(Err(_))));
    let kind = if failed {
        space
            .lay_out_identity(regions)
            .map(|()| Arch::LEGACY_IDENTITY)
            .map_err(Into::into)
    } else {
        legacy_kind(regions, space, Arch::LEGACY_IDENTITY)
    };
    match kind {
        Ok(kind) => Predecessor::Legacy { kind },
        Err(error) => Predecessor::Unusable(error),
    }
}
