// SPDX-License-Identifier: GPL-2.0

//! The decision, whatever the facts: what must never happen does not.

use super::*;
use crate::plan::{
    addr::PhysAddr,
    decide::{
        decide,
        Decision,
        Facts,
        Latch,
        Predecessor,
        Svam, //
    },
    inherit::InheritError,
    layout::LayoutError,
    quirk::Quirk,
    request::Request,
};

fn request() -> impl Strategy<Value = Request> {
    (
        prop::bool::weighted(0.1),
        prop::option::of(kind()),
        any::<bool>(),
    )
        .prop_map(|(off, kind, retry)| Request {
            off,
            kind,
            retry,
            timeout: None,
        })
}

fn predecessor() -> impl Strategy<Value = Predecessor> {
    prop_oneof![
        3 => Just(Predecessor::None),
        3 => kind().prop_map(|kind| Predecessor::Handover { kind }),
        1 => kind().prop_map(|kind| Predecessor::Legacy { kind }),
        1 => Just(Predecessor::Unusable(InheritError::NoEntries)),
    ]
}

fn latch() -> impl Strategy<Value = Latch> {
    prop_oneof![
        3 => Just(Latch::Clear),
        1 => Just(Latch::Faulted),
        1 => any::<(u32, u32)>().prop_map(|(service, count)| Latch::InCall { service, count }),
    ]
}

fn fits() -> impl Strategy<Value = Result<(), LayoutError>> {
    let range = BLANK_REGION.phys;
    prop_oneof![
        Just(Ok(())),
        Just(Err(LayoutError::Exhausted(range))),
        Just(Err(LayoutError::BeyondIdentity(range, PhysAddr::new(0)))),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let source = "somewhere";
    let quirk = prop::option::of(kind().prop_map(move |kind| Quirk { kind, source }));
    let firmware = (any::<bool>(), any::<bool>(), quirk);
    let past = (predecessor(), latch());
    (request(), past, firmware, kind(), fits(), fits()).prop_map(
        |(request, past, firmware, default, identity_fits, fixed_fits)| Facts {
            request,
            predecessor: past.0,
            latch: past.1,
            mixed: firmware.0,
            svam_supported: firmware.1,
            quirk: firmware.2,
            default,
            identity_fits,
            fixed_fits,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn svam_is_called_at_most_once(facts in facts()) {
        if let Decision::Fresh { kind, .. } = decide(&facts) {
            prop_assert_eq!(facts.predecessor, Predecessor::None);
            prop_assert!(kind == Kind::Phys || facts.svam_supported);
            prop_assert!(Svam::after(kind).allows(kind));
        }
    }

    #[test]
    fn an_inherited_map_keeps_its_kind(facts in facts()) {
        if let Decision::Reuse { kind, .. } = decide(&facts) {
            match facts.predecessor {
                Predecessor::Handover { kind: left } | Predecessor::Legacy { kind: left } => {
                    prop_assert_eq!(kind, left);
                }
                other => prop_assert!(false, "nothing to reuse of {:?}", other),
            }
        }
    }

    #[test]
    fn known_bad_firmware_is_called_only_when_retried(facts in facts()) {
        if matches!(decide(&facts), Decision::Fresh { .. } | Decision::Reuse { .. }) {
            prop_assert!(facts.latch == Latch::Clear || facts.request.retry);
        }
    }

    #[test]
    fn off_and_only_off_declines(facts in facts()) {
        prop_assert_eq!(decide(&facts) == Decision::Decline, facts.request.off);
    }

    #[test]
    fn the_map_fits_and_32_bit_firmware_gets_low_addresses(facts in facts()) {
        let (kind, fresh) = match decide(&facts) {
            Decision::Fresh { kind, .. } => (kind, true),
            Decision::Reuse { kind, .. } => (kind, false),
            Decision::Decline | Decision::ServicesOff(_) => return Ok(()),
        };
        prop_assert!(!facts.mixed || kind.is_identity());
        let room = if kind.is_identity() { facts.identity_fits } else { facts.fixed_fits };
        prop_assert!(!fresh || room.is_ok());
    }

    #[test]
    fn a_request_is_met_or_named_as_refused(facts in facts()) {
        let (Decision::Fresh { kind, refused, .. } | Decision::Reuse { kind, refused, .. }) =
            decide(&facts)
        else {
            return Ok(());
        };
        prop_assert_eq!(refused.or(Some(kind)), facts.request.kind.or(Some(kind)));
        prop_assert!(refused != Some(kind));
    }
}
