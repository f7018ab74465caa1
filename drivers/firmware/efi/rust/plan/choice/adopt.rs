// SPDX-License-Identifier: GPL-2.0

//! The decision where the stub has decided on SVAM. Firmware follows the stub, so the map does too.

use crate::plan::{
    base::kind::{
        Kind,
        Svam, //
    },
    choice::{
        after_svam::{
            after_svam,
            AfterSvam, //
        },
        decision::{
            Decision,
            Off,
            Reason, //
        },
        facts::Facts,
    },
    handover::stub::{
        Stub,
        StubReason, //
    },
};

/// Adopts the stub's decision, as far as firmware has accepted it.
pub(super) fn adopt(facts: &Facts, decided: Stub) -> Decision {
    let reason = reason(facts, &decided);
    let Some(kind) = decided.kind else {
        return Decision::ServicesOff(match (facts.identity_fits, reason) {
            (Ok(()), _) => Off::NoRoom,
            (Err(error), Reason::DoesNotFit(_)) => Off::DoesNotFit(error),
            (Err(error), reason) => Off::PhysDoesNotFit(reason, error),
        });
    };
    let (kind, svam, reason) = match decided.answer {
        None => (kind, Svam::NotCalled, reason),
        Some(answer) => match after_svam(kind, answer, facts.identity_fits) {
            AfterSvam::Keep(svam) => (kind, svam, reason),
            AfterSvam::Phys(svam, because) => (Kind::Phys, svam, because),
            AfterSvam::ServicesOff(off) => return Decision::ServicesOff(off),
        },
    };
    match (kind.is_identity(), facts.identity_fits) {
        (true, Err(error)) => Decision::ServicesOff(Off::DoesNotFit(error)),
        _ => Decision::Adopt {
            kind,
            svam,
            reason,
            refused: facts.request.kind.filter(|&asked| asked != kind),
        },
    }
}

/// Does the same for a kernel after other kernels, none of which has called firmware.
pub(super) fn inherit(facts: &Facts, decided: Stub) -> Decision {
    match adopt(facts, decided) {
        Decision::Adopt {
            kind,
            svam,
            refused,
            ..
        } => Decision::Adopt {
            kind,
            svam,
            reason: Reason::Handover,
            refused,
        },
        decision => decision,
    }
}

fn reason(facts: &Facts, decided: &Stub) -> Reason {
    match decided.reason {
        StubReason::Requested => Reason::Requested,
        StubReason::Default => Reason::Default,
        // The stub knows two sorts of machines, each from one source.
        StubReason::Quirk if matches!(decided.kind, Some(Kind::Fixed | Kind::Ident)) => {
            Reason::Quirk("Ampere: SetTime crashes without SVAM, Linux libstub/arm64.c")
        }
        StubReason::Quirk => Reason::Quirk(
            "Snapdragon laptop: SVAM must be left out, Shawn Guo on linux-efi, 2021-03-09",
        ),
        StubReason::SvamUnsupported => Reason::SvamUnsupported,
        StubReason::DoesNotFit => match facts.identity_fits {
            Err(error) => Reason::DoesNotFit(error),
            Ok(()) => Reason::NoRoom,
        },
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_stub)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::{
            addr::PhysAddr,
            kind::{
                Latch,
                Privilege, //
            },
        },
        choice::{
            decide::decide,
            facts::Predecessor,
            request::Request, //
        },
        fixtures::range,
        map::layout::LayoutError, //
    };

    const ERROR: u64 = 1 << 63;

    fn facts(decided: Stub) -> Facts {
        Facts {
            request: Request::default(),
            predecessor: Predecessor::Stub(decided),
            latch: Latch::Clear,
            mixed: false,
            in_reach: true,
            privilege: Privilege::Kernel,
            svam_supported: false,
            quirk: None,
            default: Kind::Phys,
            identity_fits: Ok(()),
            fixed_fits: Ok(()),
        }
    }

    fn decided(kind: Kind, reason: StubReason, answer: Option<Result<(), u64>>) -> Stub {
        Stub {
            kind: Some(kind),
            reason,
            answer,
        }
    }

    fn beyond() -> LayoutError {
        let end = PhysAddr::new(0x80_0000_0000);
        LayoutError::BeyondIdentity(range(end.value(), 1).unwrap(), end)
    }

    #[test]
    fn the_map_is_the_stubs() {
        for (kind, answer, svam) in [
            (Kind::Phys, None, Svam::NotCalled),
            (Kind::Ident, Some(Ok(())), Svam::CalledIdent),
            (Kind::Fixed, Some(Ok(())), Svam::CalledFixed),
        ] {
            assert_eq!(
                decide(&facts(decided(kind, StubReason::Default, answer))),
                Decision::Adopt {
                    kind,
                    svam,
                    reason: Reason::Default,
                    refused: None,
                }
            );
        }
    }

    #[test]
    fn after_kernels_that_call_nothing_it_is_inherited() {
        let decided = decided(Kind::Fixed, StubReason::Requested, Some(Ok(())));
        for (stub, kind, svam) in [
            (Stub::UNDECIDED, Kind::Phys, Svam::NotCalled),
            (decided, Kind::Fixed, Svam::CalledFixed),
        ] {
            let mut facts = facts(stub);
            facts.predecessor = Predecessor::PassedOn(stub);
            facts.request.kind = Some(Kind::Ident);
            assert_eq!(
                decide(&facts),
                Decision::Adopt {
                    kind,
                    svam,
                    reason: Reason::Handover,
                    refused: Some(Kind::Ident),
                }
            );
        }
    }

    #[test]
    fn firmware_that_refuses_svam_is_physical() {
        let mut facts = facts(decided(
            Kind::Fixed,
            StubReason::Requested,
            Some(Err(ERROR | 3)),
        ));
        facts.request.kind = Some(Kind::Fixed);
        assert_eq!(
            decide(&facts),
            Decision::Adopt {
                kind: Kind::Phys,
                svam: Svam::Failed,
                reason: Reason::SvamFailed(ERROR | 3),
                refused: Some(Kind::Fixed),
            }
        );
        facts.identity_fits = Err(beyond());
        assert_eq!(
            decide(&facts),
            Decision::ServicesOff(Off::SvamFailed(ERROR | 3, beyond()))
        );
    }

    #[test]
    fn doubt_about_svam_costs_the_services() {
        let unclear = decided(Kind::Fixed, StubReason::Requested, Some(Err(4)));
        assert_eq!(
            decide(&facts(unclear)),
            Decision::ServicesOff(Off::SvamUnclear(4))
        );
    }

    #[test]
    fn no_map_that_fits_costs_the_services() {
        let none = Stub {
            kind: None,
            reason: StubReason::DoesNotFit,
            answer: None,
        };
        assert_eq!(decide(&facts(none)), Decision::ServicesOff(Off::NoRoom));
        let narrow = Facts {
            identity_fits: Err(beyond()),
            ..facts(none)
        };
        assert_eq!(
            decide(&narrow),
            Decision::ServicesOff(Off::DoesNotFit(beyond()))
        );
        let asked = Facts {
            predecessor: Predecessor::Stub(Stub {
                reason: StubReason::Requested,
                ..none
            }),
            ..narrow
        };
        assert_eq!(
            decide(&asked),
            Decision::ServicesOff(Off::PhysDoesNotFit(Reason::Requested, beyond()))
        );
    }

    #[test]
    fn an_earlier_fault_counts_more() {
        let faulted = Facts {
            latch: Latch::Faulted { service: 1 },
            ..facts(decided(Kind::Phys, StubReason::Default, None))
        };
        assert_eq!(
            decide(&faulted),
            Decision::ServicesOff(Off::Faulted { service: 1 })
        );
    }
}
