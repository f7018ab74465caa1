// SPDX-License-Identifier: GPL-2.0

//! The decision on the map kind, and on the source of the map: a call of SVAM or an earlier kernel.
//!
//! [`decide`] follows this table. The first row that matches wins:
//!
//! | facts | decision |
//! | --- | --- |
//! | `off` requested | decline |
//! | firmware is known to have failed, `retry` not requested | services off |
//! | firmware cannot return to this kernel, privilege `kernel` | services off |
//! | a map of an earlier kernel | that map; a request for another kind is refused |
//! | kernels before this one, none of which has called firmware | the stub's map, or `phys` |
//! | traces of an earlier kernel, but no usable map | services off |
//! | fresh, SVAM cannot be called, or cannot return | `phys` |
//! | fresh, a quirk says that SVAM is unsafe | `phys` |
//! | fresh, 32-bit firmware | `phys` or `ident` as requested, else `ident` |
//! | fresh, a kind requested | that kind |
//! | fresh, a quirk | the quirk's kind |
//! | fresh | the default |
//!
//! A kernel that must not call firmware decides nothing: it passes on the state that it has found.
//!
//! SVAM may be called once in the firmware's life. So the map of an earlier kernel is reused, and
//! no request changes that. If the addresses of a fresh kind do not fit, the nearest kind that fits
//! replaces it. `phys` is replaced only if it is the default: any other reason for `phys` is a
//! reason against SVAM, and then services are off. If firmware refuses the decision,
//! [`after_svam`](super::after_svam) decides again.

use crate::plan::{
    base::kind::{
        Kind,
        Latch,
        Privilege, //
    },
    choice::{
        adopt,
        decision::{
            Decision,
            Off,
            Reason, //
        },
        facts::{
            Facts,
            Predecessor, //
        },
        quirk::Quirk, //
    },
    map::layout::LayoutError,
};

/// Decides.
pub(crate) fn decide(facts: &Facts) -> Decision {
    if facts.request.off {
        return Decision::Decline;
    }
    match facts.latch {
        Latch::Faulted { service } if !facts.request.retry => {
            return Decision::ServicesOff(Off::Faulted { service });
        }
        Latch::InCall { service, count } if !facts.request.retry => {
            return Decision::ServicesOff(Off::InCall { service, count });
        }
        _ => (),
    }
    if !facts.in_reach && facts.privilege == Privilege::Kernel {
        return Decision::ServicesOff(Off::OutOfReach);
    }
    match facts.predecessor {
        // 32-bit firmware cannot hold these addresses, so no kernel has given it this map.
        Predecessor::Handover { kind } | Predecessor::Legacy { kind }
            if facts.mixed && !kind.is_identity() =>
        {
            Decision::ServicesOff(Off::Mixed)
        }
        Predecessor::Handover { kind } => reuse(facts, kind, Reason::Handover),
        Predecessor::Legacy { kind } => reuse(facts, kind, Reason::Legacy),
        Predecessor::Unusable(error) => Decision::ServicesOff(Off::Unusable(error)),
        Predecessor::Stub(decided) => adopt::adopt(facts, decided),
        Predecessor::PassedOn(decided) => adopt::inherit(facts, decided),
        Predecessor::None => fresh(facts),
    }
}

fn reuse(facts: &Facts, kind: Kind, reason: Reason) -> Decision {
    let refused = facts.request.kind.filter(|&asked| asked != kind);
    Decision::Reuse {
        kind,
        reason,
        refused,
    }
}

/// Decides for fresh firmware. The stub does the same in C, in `libstub/efi-rtmap-choice.c`.
fn fresh(facts: &Facts) -> Decision {
    let (preferred, reason) = preferred(facts);
    let (kind, reason) = match (fits(facts, preferred), nearest(facts, preferred, reason)) {
        (Ok(()), _) => (preferred, reason),
        (Err(error), Some(kind)) => (kind, Reason::DoesNotFit(error)),
        (Err(error), None) if preferred == Kind::Phys && reason != Reason::Default => {
            return Decision::ServicesOff(Off::PhysDoesNotFit(reason, error));
        }
        (Err(error), None) => return Decision::ServicesOff(Off::DoesNotFit(error)),
    };
    let refused = facts.request.kind.filter(|&asked| asked != kind);
    Decision::Fresh {
        kind,
        reason,
        refused,
    }
}

fn fits(facts: &Facts, kind: Kind) -> Result<(), LayoutError> {
    match kind {
        Kind::Phys | Kind::Ident => facts.identity_fits,
        Kind::Fixed => facts.fixed_fits,
    }
}

/// Returns the kind that replaces `kind` if that does not fit: a kind whose addresses fit.
fn nearest(facts: &Facts, kind: Kind, reason: Reason) -> Option<Kind> {
    let other = match kind {
        // Unless `phys` is the default, its reason is a reason against SVAM.
        Kind::Phys if reason != Reason::Default => return None,
        Kind::Phys | Kind::Ident if facts.mixed => return None,
        Kind::Phys | Kind::Ident => Kind::Fixed,
        Kind::Fixed => Kind::Ident,
    };
    fits(facts, other).is_ok().then_some(other)
}

/// Returns the best kind if all addresses fitted.
fn preferred(facts: &Facts) -> (Kind, Reason) {
    if !facts.svam_supported {
        return (Kind::Phys, Reason::SvamUnsupported);
    }
    if !facts.in_reach {
        return (Kind::Phys, Reason::OutOfReach);
    }
    if let Some(quirk) = facts.quirk.filter(Quirk::forbids_svam) {
        return (Kind::Phys, Reason::Quirk(quirk.source));
    }
    if facts.mixed {
        // High addresses do not fit 32 bits. Both 1:1 kinds do.
        return match facts.request.kind {
            Some(kind) if kind.is_identity() => (kind, Reason::Requested),
            _ => (Kind::Ident, Reason::Mixed),
        };
    }
    match (facts.request.kind, facts.quirk) {
        (Some(kind), _) => (kind, Reason::Requested),
        (None, Some(quirk)) => (quirk.kind, Reason::Quirk(quirk.source)),
        (None, None) => (facts.default, Reason::Default),
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_decide)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::PhysAddr,
        choice::request::Request,
        fixtures::BLANK_REGION,
        handover::refusal::InheritError, //
    };

    const FRESH: Facts = Facts {
        request: Request {
            off: false,
            kind: None,
            retry: false,
            timeout: None,
            privilege: None,
            enforce: false,
            services: None,
        },
        predecessor: Predecessor::None,
        latch: Latch::Clear,
        mixed: false,
        in_reach: true,
        privilege: Privilege::Kernel,
        svam_supported: true,
        quirk: None,
        default: Kind::Ident,
        identity_fits: Ok(()),
        fixed_fits: Ok(()),
    };

    const SOURCE: &str = "report";
    const TOO_HIGH: LayoutError =
        LayoutError::BeyondIdentity(BLANK_REGION.phys, PhysAddr::new(0x1000));
    const EXHAUSTED: LayoutError = LayoutError::Exhausted(BLANK_REGION.phys);
    const UNUSABLE: Predecessor = Predecessor::Unusable(InheritError::Layout(TOO_HIGH));

    fn asking(kind: Kind, facts: Facts) -> Facts {
        let request = Request {
            kind: Some(kind),
            ..facts.request
        };
        Facts { request, ..facts }
    }

    fn on_machine(kind: Kind, facts: Facts) -> Facts {
        let quirk = Some(Quirk {
            kind,
            source: SOURCE,
        });
        Facts { quirk, ..facts }
    }

    #[test]
    fn firmware_out_of_reach_needs_user_mode_and_no_svam() {
        let far = Facts {
            mixed: true,
            in_reach: false,
            ..FRESH
        };
        let off = Decision::ServicesOff(Off::OutOfReach);
        let user = |facts| Facts {
            privilege: Privilege::User,
            ..facts
        };
        let reuse = Facts {
            predecessor: Predecessor::Handover { kind: Kind::Ident },
            ..far
        };
        assert_eq!((decide(&far), decide(&reuse)), (off, off));
        let phys = Decision::Fresh {
            kind: Kind::Phys,
            reason: Reason::OutOfReach,
            refused: None,
        };
        assert_eq!(decide(&user(far)), phys);
        assert!(matches!(
            decide(&user(reuse)),
            Decision::Reuse {
                kind: Kind::Ident,
                ..
            }
        ));
    }

    fn after(predecessor: Predecessor) -> Facts {
        Facts {
            predecessor,
            ..FRESH
        }
    }

    fn makes(facts: Facts, kind: Kind, reason: Reason, refused: Option<Kind>) -> bool {
        let expected = Decision::Fresh {
            kind,
            reason,
            refused,
        };
        decide(&facts) == expected
    }

    fn reuses(facts: Facts, kind: Kind, reason: Reason, refused: Option<Kind>) -> bool {
        let expected = Decision::Reuse {
            kind,
            reason,
            refused,
        };
        decide(&facts) == expected
    }

    #[test]
    fn off_declines_whatever_else_holds() {
        for predecessor in [
            Predecessor::None,
            Predecessor::Legacy { kind: Kind::Fixed },
            UNUSABLE,
        ] {
            let mut facts = after(predecessor);
            facts.request.off = true;
            assert_eq!(decide(&facts), Decision::Decline);
        }
    }

    #[test]
    fn known_bad_firmware_stays_off_until_retried() {
        let (service, count) = (5, 7);
        for (latch, off) in [
            (Latch::Faulted { service }, Off::Faulted { service }),
            (
                Latch::InCall { service, count },
                Off::InCall { service, count },
            ),
        ] {
            let kind = Kind::Ident;
            let mut facts = after(Predecessor::Handover { kind });
            facts.latch = latch;
            assert_eq!(decide(&facts), Decision::ServicesOff(off));
            facts.request.retry = true;
            assert!(reuses(facts, kind, Reason::Handover, None));
        }
    }

    #[test]
    fn an_inherited_map_is_reused_whatever_is_asked() {
        for kind in Kind::ALL {
            for (predecessor, reason) in [
                (Predecessor::Handover { kind }, Reason::Handover),
                (Predecessor::Legacy { kind }, Reason::Legacy),
            ] {
                let facts = after(predecessor);
                assert!(reuses(facts, kind, reason, None));
                for asked in Kind::ALL {
                    let refused = Some(asked).filter(|&asked| asked != kind);
                    assert!(reuses(asking(asked, facts), kind, reason, refused));
                }
            }
        }
    }

    #[test]
    fn doubt_is_not_fresh() {
        let facts = asking(Kind::Ident, after(UNUSABLE));
        let off = Off::Unusable(InheritError::Layout(TOO_HIGH));
        assert_eq!(decide(&facts), Decision::ServicesOff(off));
    }

    #[test]
    fn a_32_bit_firmware_gets_a_1_to_1_map() {
        let facts = Facts {
            mixed: true,
            default: Kind::Fixed,
            ..FRESH
        };
        assert!(makes(facts, Kind::Ident, Reason::Mixed, None));
        for kind in [Kind::Phys, Kind::Ident] {
            assert!(makes(asking(kind, facts), kind, Reason::Requested, None));
        }
        let fixed = asking(Kind::Fixed, facts);
        assert!(makes(fixed, Kind::Ident, Reason::Mixed, Some(Kind::Fixed)));
    }

    #[test]
    fn a_32_bit_firmware_is_not_called_at_high_addresses() {
        for kind in Kind::ALL {
            for predecessor in [Predecessor::Handover { kind }, Predecessor::Legacy { kind }] {
                let mixed = Facts {
                    mixed: true,
                    ..after(predecessor)
                };
                let off = decide(&mixed) == Decision::ServicesOff(Off::Mixed);
                assert_eq!(off, kind == Kind::Fixed);
            }
        }
    }

    #[test]
    fn firmware_without_svam_stays_physical() {
        let facts = Facts {
            svam_supported: false,
            ..FRESH
        };
        let reason = Reason::SvamUnsupported;
        assert!(makes(facts, Kind::Phys, reason, None));
        assert!(makes(asking(Kind::Phys, facts), Kind::Phys, reason, None));
        for kind in [Kind::Ident, Kind::Fixed] {
            assert!(makes(asking(kind, facts), Kind::Phys, reason, Some(kind)));
        }
    }

    #[test]
    fn a_request_wins_over_a_quirk_and_a_quirk_over_the_default() {
        let facts = on_machine(Kind::Fixed, FRESH);
        assert!(makes(facts, Kind::Fixed, Reason::Quirk(SOURCE), None));
        for kind in Kind::ALL {
            assert!(makes(asking(kind, facts), kind, Reason::Requested, None));
            let default = kind;
            assert!(makes(
                Facts { default, ..FRESH },
                kind,
                Reason::Default,
                None
            ));
        }
    }

    #[test]
    fn a_quirk_against_svam_wins_over_a_request() {
        let facts = on_machine(Kind::Phys, FRESH);
        let reason = Reason::Quirk(SOURCE);
        for mixed in [false, true] {
            let facts = Facts { mixed, ..facts };
            assert!(makes(facts, Kind::Phys, reason, None));
            for kind in Kind::ALL {
                let refused = Some(kind).filter(|&kind| kind != Kind::Phys);
                assert!(makes(asking(kind, facts), Kind::Phys, reason, refused));
            }
        }
    }

    #[test]
    fn what_does_not_fit_becomes_what_does() {
        let high = Facts {
            identity_fits: Err(TOO_HIGH),
            ..FRESH
        };
        let reason = Reason::DoesNotFit(TOO_HIGH);
        for kind in [Kind::Phys, Kind::Ident] {
            let default = Facts {
                default: kind,
                ..high
            };
            assert!(makes(default, Kind::Fixed, reason, None));
        }
        let quirk = on_machine(Kind::Ident, high);
        assert!(makes(quirk, Kind::Fixed, reason, None));
        let asked = asking(Kind::Ident, high);
        assert!(makes(asked, Kind::Fixed, reason, Some(Kind::Ident)));

        let many = Facts {
            fixed_fits: Err(EXHAUSTED),
            ..FRESH
        };
        let reason = Reason::DoesNotFit(EXHAUSTED);
        let asked = asking(Kind::Fixed, many);
        assert!(makes(asked, Kind::Ident, reason, Some(Kind::Fixed)));
        let quirk = on_machine(Kind::Fixed, many);
        assert!(makes(quirk, Kind::Ident, reason, None));
    }

    #[test]
    fn where_svam_is_ruled_out_it_is_no_way_out() {
        let high = Facts {
            identity_fits: Err(TOO_HIGH),
            ..FRESH
        };
        let supported = Facts {
            svam_supported: false,
            ..high
        };
        for (facts, reason) in [
            (asking(Kind::Phys, high), Reason::Requested),
            (on_machine(Kind::Phys, high), Reason::Quirk(SOURCE)),
            (supported, Reason::SvamUnsupported),
        ] {
            let off = Decision::ServicesOff(Off::PhysDoesNotFit(reason, TOO_HIGH));
            assert_eq!(decide(&facts), off);
        }
    }

    #[test]
    fn without_room_the_services_stay_off() {
        let high = Facts {
            identity_fits: Err(TOO_HIGH),
            ..FRESH
        };
        let full = Facts {
            fixed_fits: Err(EXHAUSTED),
            ..high
        };
        let mixed = Facts {
            mixed: true,
            ..high
        };
        for (facts, error) in [
            (full, TOO_HIGH),
            (asking(Kind::Ident, full), TOO_HIGH),
            (asking(Kind::Fixed, full), EXHAUSTED),
            (mixed, TOO_HIGH),
        ] {
            let off = Decision::ServicesOff(Off::DoesNotFit(error));
            assert_eq!(decide(&facts), off);
        }
    }
}
