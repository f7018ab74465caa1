// SPDX-License-Identifier: GPL-2.0

use crate::{
    c,
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
            decision::{
                Decision,
                Off,
                Reason, //
            },
            facts::{
                Facts,
                Predecessor, //
            },
            quirk::Quirk,
            request::Request,
        },
        map::{
            layout::LayoutError,
            region::Region, //
        },
    },
};
use std::num::NonZero;

/// Reads the words of one `efi=` option.
pub fn add_option(request: c::Request, option: &[u8]) -> c::Request {
    let request = to_request(request).add(option, |_| ());
    c::Request {
        off: request.off,
        retry: request.retry,
        kind: number(request.kind),
        timeout: request.timeout.map_or(0, NonZero::get),
    }
}

/// Decides for firmware that has just started.
pub fn choose(facts: &c::Facts) -> c::Choice {
    let fits = |fits: bool| match fits {
        true => Ok(()),
        false => Err(TOO_HIGH),
    };
    let decision = decide(&Facts {
        request: to_request(facts.request),
        predecessor: Predecessor::None,
        latch: Latch::Clear,
        mixed: false,
        in_reach: true,
        privilege: Privilege::Kernel,
        svam_supported: facts.svam_supported,
        quirk: Kind::from_number(facts.quirk).map(|kind| Quirk { kind, source: "" }),
        default: Kind::from_number(facts.default_kind).expect("a kind"),
        identity_fits: fits(facts.identity_fits),
        fixed_fits: fits(facts.fixed_fits),
    });
    let (kind, reason) = match decision {
        Decision::Decline => (None, Reason::Requested),
        Decision::ServicesOff(Off::PhysDoesNotFit(reason, _)) => (None, reason),
        Decision::ServicesOff(Off::DoesNotFit(error)) => (None, Reason::DoesNotFit(error)),
        Decision::Fresh { kind, reason, .. } => (Some(kind), reason),
        Decision::ServicesOff(_) | Decision::Reuse { .. } | Decision::Adopt { .. } => {
            panic!("no choice: {decision:?}")
        }
    };
    c::Choice {
        kind: number(kind),
        reason: reason_number(reason),
    }
}

const TOO_HIGH: LayoutError = LayoutError::BeyondIdentity(Region::BLANK.phys, PhysAddr::new(0));

fn to_request(request: c::Request) -> Request {
    Request {
        off: request.off,
        kind: Kind::from_number(request.kind),
        retry: request.retry,
        timeout: NonZero::new(request.timeout),
        privilege: None,
        services: None,
        enforce: false,
    }
}

fn number(kind: Option<Kind>) -> u32 {
    kind.map_or(0, |kind| kind as u32)
}

/// `enum efi_rtmap_reason`.
fn reason_number(reason: Reason) -> u32 {
    match reason {
        Reason::Requested => 1,
        Reason::Default => 2,
        Reason::Quirk(_) => 3,
        Reason::SvamUnsupported => 5,
        Reason::DoesNotFit(_) => 6,
        Reason::SvamFailed(_) => 7,
        Reason::Mixed | Reason::OutOfReach | Reason::NoRoom | Reason::Handover | Reason::Legacy => {
            panic!("no reason for the stub: {reason:?}")
        }
    }
}
