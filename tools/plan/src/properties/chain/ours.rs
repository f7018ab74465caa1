// SPDX-License-Identifier: GPL-2.0

//! A kernel of ours: its stub, and the take-over.

use super::*;

/// The stub. Returns `false` if firmware does not return to it.
pub(super) fn stub(kernel: &Kernel, arch: Arch, firmware: &mut Firmware, left: &mut Left) -> bool {
    if kernel.is_stock() {
        return stock::stub(kernel, arch, firmware, left);
    }
    if kernel.allocates {
        left.make_table();
    }
    match arch {
        Arch::X86 => true,
        // Without a table, the stub could not tell the kernel proper its decision.
        Arch::Arm64 if !kernel.allocates => stock::stub(kernel, arch, firmware, left),
        Arch::Arm64 => choose(kernel, arch, firmware, left),
    }
}

/// The stub's choice, in the words of the plan. `tools/stub` tests that both are the same.
fn choose(kernel: &Kernel, arch: Arch, firmware: &mut Firmware, left: &mut Left) -> bool {
    make_identity(&mut left.regions);
    // Even if the kernel proper does not call firmware, its successors may.
    let facts = facts(kernel, arch, firmware, Predecessor::None, &left.regions);
    let (kind, svam, status) = match decide(&facts) {
        Decision::Fresh {
            kind: Kind::Phys, ..
        } => (Some(Kind::Phys), Svam::NotCalled, 0),
        Decision::Fresh { kind, .. } => {
            lay_out(&kernel.space(arch), kind, &mut left.regions);
            match firmware.svam(&left.regions) {
                Ok(()) => (Some(kind), Svam::after(kind), 0),
                Err(EFI_ABORTED) => return false,
                Err(status) => (Some(kind), Svam::Failed, status),
            }
        }
        _ => (None, Svam::NotCalled, 0),
    };
    if svam == Svam::Failed {
        stock::refuse(&mut left.regions);
    }
    left.record(kind, svam, status);
    true
}

/// The facts for the decision. `regions` have the layout of `fixed` if firmware is fresh.
fn facts(
    kernel: &Kernel,
    arch: Arch,
    firmware: &Firmware,
    predecessor: Predecessor,
    regions: &[Region],
) -> Facts {
    let space = kernel.space(arch);
    let fresh = predecessor == Predecessor::None;
    let quirk = firmware.quirk.map(|kind| Quirk { kind, source: "" });
    Facts {
        request: kernel.request,
        predecessor,
        latch: Latch::Clear,
        mixed: false,
        in_reach: true,
        privilege: Privilege::Kernel,
        svam_supported: fresh && firmware.supports_svam,
        quirk: quirk.filter(|_| fresh),
        default: match arch {
            Arch::X86 => Kind::Ident,
            Arch::Arm64 => Kind::Phys,
        },
        identity_fits: space.identity_fits(regions),
        fixed_fits: space.fixed_fits(regions),
    }
}

/// The kernel proper.
pub(super) fn boot(
    kernel: &Kernel,
    arch: Arch,
    firmware: &mut Firmware,
    left: &mut Left,
) -> Outcome {
    if kernel.is_stock() {
        let outcome = stock::boot(kernel, arch, firmware, left);
        if kernel.ours {
            left.leave_mark();
        }
        return outcome;
    }
    if !kernel.calls {
        return pass_on(arch, left);
    }
    let space = kernel.space(arch);
    let passed = left.passed();
    let (snapshot, inherited) = left.found(&space).unzip();
    let inherited = inherited.flatten();
    let record = left.recorded();
    let latch = left.latch();
    let fresh = freshness(&Traces {
        used: left.used() || snapshot.is_some(),
        passed,
        nonce: Nonce::Absent,
        kexec: match arch {
            Arch::X86 => left.kexec,
            Arch::Arm64 => left.table.is_none(),
        },
        free_memory: left.free_memory,
        addresses: match arch {
            Arch::X86 if passed == 0 => Addresses::Physical,
            _ => Addresses::of(&left.regions),
        },
        stub: record.map(|stub| stub.svam()),
    });
    left.leave_mark();

    let mut regions = inherited.clone().unwrap_or(left.regions.clone());
    let legacy = match arch {
        Arch::X86 => Kind::Ident,
        Arch::Arm64 => Kind::Phys,
    };
    let predecessor = match (snapshot, &inherited) {
        (Some(Snapshot { kind, .. }), Some(_)) => Predecessor::Handover { kind },
        _ => match (record, fresh) {
            (Some(stub), Freshness::Stub(_)) => Predecessor::Stub(stub),
            (stub, Freshness::PassedOn(_)) => {
                Predecessor::PassedOn(stub.unwrap_or(Stub::UNDECIDED))
            }
            (_, Freshness::Fresh(_)) if arch == Arch::X86 => Predecessor::None,
            (Some(stub), _) if stub.svam() == Svam::Failed => {
                make_identity(&mut regions);
                Predecessor::Legacy { kind: legacy }
            }
            _ => match legacy_kind(&mut regions, &space, legacy) {
                Ok(kind) => Predecessor::Legacy { kind },
                Err(error) => Predecessor::Unusable(error),
            },
        },
    };
    if let Predecessor::Stub(stub) | Predecessor::PassedOn(stub) = predecessor {
        if stub.svam() == Svam::Failed {
            make_identity(&mut regions);
        }
    }
    let facts = Facts {
        latch,
        ..facts(kernel, arch, firmware, predecessor, &regions)
    };
    match decide(&facts) {
        Decision::Decline => panic!("off was not asked for"),
        Decision::ServicesOff(_) => off(arch, left),
        Decision::Reuse { kind, .. } => {
            let (generation, svam) = match (snapshot, inherited) {
                (Some(snapshot), Some(_)) => (snapshot.generation + 1 + passed, snapshot.svam),
                _ => (1, Svam::Unknown),
            };
            done(left, generation, kind, svam, regions)
        }
        Decision::Adopt { kind, svam, .. } => done(left, passed, kind, svam, regions),
        Decision::Fresh { kind, .. } => {
            assert_eq!(arch, Arch::X86, "SVAM is the stub's to call");
            make(kernel, arch, firmware, left, kind, regions)
        }
    }
}

/// Passes firmware on without a look at it. Its own memory map gets physical addresses.
fn pass_on(arch: Arch, left: &mut Left) -> Outcome {
    let snapshot = left.found(&X86_64);
    let fresh = freshness(&Traces {
        used: left.used() || snapshot.is_some(),
        passed: left.passed(),
        nonce: Nonce::Absent,
        kexec: left.kexec,
        free_memory: left.free_memory,
        addresses: Addresses::Physical,
        stub: None,
    });
    left.pass_on();
    if arch == Arch::X86 && matches!(fresh, Freshness::Fresh(_)) {
        make_identity(&mut left.regions);
    }
    Outcome {
        serves: false,
        passes_on: true,
        generation: None,
    }
}

/// Makes a map of `kind`.
fn make(
    kernel: &Kernel,
    arch: Arch,
    firmware: &mut Firmware,
    left: &mut Left,
    kind: Kind,
    mut regions: Vec<Region>,
) -> Outcome {
    lay_out(&kernel.space(arch), kind, &mut regions);
    if kind == Kind::Phys {
        return done(left, 0, kind, Svam::NotCalled, regions);
    }
    let answer = firmware.svam(&regions);
    left.regions = regions.clone();
    match after_svam(kind, answer, kernel.space(arch).identity_fits(&regions)) {
        AfterSvam::Keep(svam) => done(left, 0, kind, svam, regions),
        AfterSvam::Phys(svam, _) => {
            make_identity(&mut regions);
            done(left, 0, Kind::Phys, svam, regions)
        }
        AfterSvam::ServicesOff(_) => {
            left.record_fault();
            off(arch, left)
        }
    }
}

/// Gives `regions` the addresses of a map of `kind`, which fits.
fn lay_out(space: &AddressSpace, kind: Kind, regions: &mut [Region]) {
    if kind.is_identity() {
        make_identity(regions);
    } else {
        space.lay_out_fixed(regions).expect("as decided");
    }
}

fn done(left: &mut Left, generation: u32, kind: Kind, svam: Svam, regions: Vec<Region>) -> Outcome {
    left.publish(generation, kind, svam, &regions);
    left.regions = regions;
    Outcome {
        serves: true,
        passes_on: true,
        generation: Some(generation),
    }
}

/// Boots without services. On x86, firmware is passed on to the next kernel on two conditions:
/// stock kernels can be kept from calling it, and the memory map has addresses.
fn off(arch: Arch, left: &mut Left) -> Outcome {
    left.deny();
    let addressed = left.regions.iter().any(|region| region.virt.value() != 0);
    Outcome {
        serves: false,
        passes_on: arch == Arch::Arm64 || left.denied && addressed,
        generation: None,
    }
}
