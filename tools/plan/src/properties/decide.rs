// SPDX-License-Identifier: GPL-2.0

//! The decision with any facts: it is never a forbidden one.

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
        facts::{
            Facts,
            Predecessor, //
        },
        quirk::Quirk,
        request::Request, //
    },
    handover::{
        refusal::InheritError,
        stub::{
            Stub,
            StubReason, //
        },
    },
    map::layout::LayoutError,
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
            services: None,
            privilege: None,
            enforce: false,
        })
}

fn stub() -> impl Strategy<Value = Stub> {
    let reason = prop_oneof![
        Just(StubReason::Requested),
        Just(StubReason::Default),
        Just(StubReason::Quirk),
        Just(StubReason::SvamUnsupported),
        Just(StubReason::DoesNotFit),
    ];
    let answer = prop_oneof![
        2 => Just(Ok(())),
        1 => any::<u64>().prop_map(|status| Err(status.max(1))),
        1 => Just(Err(1 << 63 | 21)),
    ];
    (prop::option::weighted(0.9, kind()), reason, answer).prop_map(|(kind, reason, answer)| Stub {
        kind,
        reason,
        // SVAM is called only for a map that gives firmware addresses.
        answer: Some(answer).filter(|_| matches!(kind, Some(Kind::Ident | Kind::Fixed))),
    })
}

fn predecessor() -> impl Strategy<Value = Predecessor> {
    prop_oneof![
        3 => Just(Predecessor::None),
        3 => stub().prop_map(Predecessor::Stub),
        1 => stub().prop_map(Predecessor::PassedOn),
        3 => kind().prop_map(|kind| Predecessor::Handover { kind }),
        1 => kind().prop_map(|kind| Predecessor::Legacy { kind }),
        1 => Just(Predecessor::Unusable(InheritError::NoEntries)),
    ]
}

fn latch() -> impl Strategy<Value = Latch> {
    prop_oneof![
        3 => Just(Latch::Clear),
        1 => any::<u32>().prop_map(|service| Latch::Faulted { service }),
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
    let way = (any::<bool>(), prop::sample::select(&Privilege::ALL[..]));
    (request(), past, firmware, way, kind(), fits(), fits()).prop_map(
        |(request, past, firmware, way, default, identity_fits, fixed_fits)| Facts {
            request,
            predecessor: past.0,
            latch: past.1,
            // On the architecture whose stub calls SVAM, there is no 32-bit firmware.
            mixed: firmware.0 && !matches!(past.0, Predecessor::Stub(_) | Predecessor::PassedOn(_)),
            in_reach: way.0 || !firmware.0,
            privilege: way.1,
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
    fn what_must_never_be_decided_is_not(facts in facts()) {
        invariants::decision(&facts);
    }
}
