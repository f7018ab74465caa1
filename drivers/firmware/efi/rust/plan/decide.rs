// SPDX-License-Identifier: GPL-2.0

//! The decision: which map kind, and whether SVAM is called or an earlier kernel's map reused.
//!
//! [`decide`] is the table; the first row that matches wins. SVAM may be called once in the
//! firmware's life, so a map that an earlier kernel made is reused whatever is asked for. What comes
//! of a decision that firmware does not go along with is [`ladder`]'s.

mod decision;
mod facts;
mod ladder;

use super::request::Kind;

pub(crate) use self::{
    decision::{
        Decision,
        Off,
        Reason, //
    },
    facts::{
        Facts,
        Latch,
        Predecessor,
        Svam, //
    },
    ladder::{
        after_svam,
        AfterSvam, //
    },
};

/// Decides.
pub(crate) fn decide(facts: &Facts) -> Decision {
    if facts.request.off {
        return Decision::Decline;
    }
    // A kernel that does not call firmware cannot say that it has come back to its senses.
    let retry = facts.request.retry && facts.calls;
    match facts.latch {
        Latch::Faulted { service } if !retry => {
            return Decision::ServicesOff(Off::Faulted { service });
        }
        Latch::InCall { service, count } if !retry => {
            return Decision::ServicesOff(Off::InCall { service, count });
        }
        _ => (),
    }
    match facts.predecessor {
        // No kernel has given 32-bit firmware addresses that it cannot hold.
        Predecessor::Handover { kind } | Predecessor::Legacy { kind }
            if facts.mixed && !kind.is_identity() =>
        {
            Decision::ServicesOff(Off::Mixed)
        }
        Predecessor::Handover { kind } => reuse(facts, kind, Reason::Handover),
        Predecessor::Legacy { kind } => reuse(facts, kind, Reason::Legacy),
        Predecessor::Unusable(error) => Decision::ServicesOff(Off::Unusable(error)),
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

fn fresh(facts: &Facts) -> Decision {
    let (kind, reason) = preferred(facts);
    let (kind, reason) = match (kind.is_identity(), facts.identity_fits, facts.fixed_fits) {
        (true, Ok(()), _) | (false, _, Ok(())) => (kind, reason),
        (true, Err(error), Ok(())) if facts.calls && facts.svam_supported && !facts.mixed => {
            (Kind::Fixed, Reason::DoesNotFit(error))
        }
        (false, Ok(()), Err(error)) => (Kind::Ident, Reason::DoesNotFit(error)),
        (_, Err(error), _) => return Decision::ServicesOff(Off::DoesNotFit(error)),
    };
    let refused = facts.request.kind.filter(|&asked| asked != kind);
    Decision::Fresh {
        kind,
        reason,
        refused,
    }
}

/// The kind to have if addresses were no object.
fn preferred(facts: &Facts) -> (Kind, Reason) {
    if !facts.calls {
        (Kind::Phys, Reason::NoCalls)
    } else if !facts.svam_supported {
        (Kind::Phys, Reason::SvamUnsupported)
    } else if facts.mixed {
        // High addresses do not fit 32 bits. Either 1:1 kind does.
        match facts.request.kind {
            Some(Kind::Phys) => (Kind::Phys, Reason::Requested),
            Some(Kind::Ident) => (Kind::Ident, Reason::Requested),
            _ => (Kind::Ident, Reason::Mixed),
        }
    } else if let Some(kind) = facts.request.kind {
        (kind, Reason::Requested)
    } else if let Some(quirk) = facts.quirk {
        (quirk.kind, Reason::Quirk(quirk.source))
    } else {
        (facts.default, Reason::Default)
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
        addr::PhysAddr,
        fixtures::BLANK_REGION,
        inherit::InheritError,
        layout::LayoutError,
        quirk::Quirk,
        request::Request, //
    };

    const FRESH: Facts = Facts {
        request: Request {
            off: false,
            kind: None,
            retry: false,
            timeout: None,
        },
        predecessor: Predecessor::None,
        latch: Latch::Clear,
        calls: true,
        mixed: false,
        svam_supported: true,
        quirk: None,
        default: Kind::Ident,
        identity_fits: Ok(()),
        fixed_fits: Ok(()),
    };

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
            facts.calls = false;
            assert_eq!(decide(&facts), Decision::ServicesOff(off));
        }
    }

    #[test]
    fn a_kernel_that_does_not_call_firmware_passes_a_map_on() {
        for kind in Kind::ALL {
            let facts = Facts {
                calls: false,
                ..after(Predecessor::Handover { kind })
            };
            assert!(reuses(facts, kind, Reason::Handover, None));
        }
        let first = Facts {
            calls: false,
            ..FRESH
        };
        let reason = Reason::NoCalls;
        assert!(makes(first, Kind::Phys, reason, None));
        for kind in [Kind::Ident, Kind::Fixed] {
            assert!(makes(asking(kind, first), Kind::Phys, reason, Some(kind)));
        }
        let high = Facts {
            identity_fits: Err(TOO_HIGH),
            ..first
        };
        let off = Decision::ServicesOff(Off::DoesNotFit(TOO_HIGH));
        assert_eq!(decide(&high), off);
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
        let quirk = Some(Quirk {
            kind: Kind::Phys,
            source: "report",
        });
        let facts = Facts { quirk, ..FRESH };
        assert!(makes(facts, Kind::Phys, Reason::Quirk("report"), None));
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
    fn what_does_not_fit_becomes_what_does() {
        let high = Facts {
            identity_fits: Err(TOO_HIGH),
            ..FRESH
        };
        let reason = Reason::DoesNotFit(TOO_HIGH);
        assert!(makes(high, Kind::Fixed, reason, None));
        for kind in [Kind::Phys, Kind::Ident] {
            assert!(makes(asking(kind, high), Kind::Fixed, reason, Some(kind)));
        }

        let many = Facts {
            fixed_fits: Err(EXHAUSTED),
            ..asking(Kind::Fixed, FRESH)
        };
        let reason = Reason::DoesNotFit(EXHAUSTED);
        assert!(makes(many, Kind::Ident, reason, Some(Kind::Fixed)));
    }

    #[test]
    fn without_room_or_svam_the_services_stay_off() {
        let high = Facts {
            identity_fits: Err(TOO_HIGH),
            ..FRESH
        };
        let off = Decision::ServicesOff(Off::DoesNotFit(TOO_HIGH));
        let fixed_fits = Err(EXHAUSTED);
        assert_eq!(decide(&Facts { fixed_fits, ..high }), off);
        let fixed = asking(Kind::Fixed, high);
        assert_eq!(
            decide(&Facts {
                fixed_fits,
                ..fixed
            }),
            off
        );
        let svam_supported = false;
        assert_eq!(
            decide(&Facts {
                svam_supported,
                ..high
            }),
            off
        );
        let mixed = true;
        assert_eq!(decide(&Facts { mixed, ..high }), off);
    }
}
