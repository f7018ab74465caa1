// SPDX-License-Identifier: GPL-2.0

//! The ladder: the steps down from a decision if firmware refuses it.
//!
//! The steps go down from the top and never up, and SVAM is called at most once:
//!
//! | rung | left for the next rung when | in |
//! | --- | --- | --- |
//! | the requested kind, or else the quirk's, or the default | SVAM is excluded: `phys` | [`decide`](super::decide::decide) |
//! | | its addresses do not fit: the nearest kind that fits, with SVAM only if nothing excludes it | [`decide`](super::decide::decide) |
//! | that kind, once SVAM has succeeded | SVAM returns an error | [`after_svam`] |
//! | `phys`: firmware has refused the addresses, and keeps its own | a 1:1 map does not fit | [`after_svam`] |
//! | services off | | |
//!
//! If firmware's addresses are in doubt, the last rung follows at once. A fault in SVAM is such a
//! case.

use crate::plan::{
    base::kind::{
        Kind,
        Svam, //
    },
    choice::decision::{
        Off,
        Reason, //
    },
    map::layout::LayoutError,
};

/// The status of a firmware call after the kernel has recovered from a fault in it.
///
/// Firmware that returns this status itself looks like firmware that faulted. It need not be told
/// apart: SVAM has no such status (UEFI 2.10, section 8.4), so its meaning would be unknown.
const EFI_ABORTED: u64 = ERROR | 21;

/// The bit that makes a status an error. A status without it, except 0, is a warning: firmware has
/// done as asked.
const ERROR: u64 = 1 << 63;

/// The step after the call of SVAM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AfterSvam {
    /// Go on with the map as decided.
    Keep(Svam),
    /// Go on in `phys`.
    Phys(Svam, Reason),
    /// Boot without runtime services.
    ServicesOff(Off),
}

/// Decides on the next step after SVAM has been called for a map of `kind`. `answer` is the status,
/// if it is not success.
pub(crate) fn after_svam(
    kind: Kind,
    answer: Result<(), u64>,
    identity_fits: Result<(), LayoutError>,
) -> AfterSvam {
    let Err(status) = answer else {
        return AfterSvam::Keep(Svam::after(kind));
    };
    if status == EFI_ABORTED {
        return AfterSvam::ServicesOff(Off::SvamFault);
    }
    // With 1:1 addresses, the old and the new addresses of firmware are the same.
    if status & ERROR == 0 && !kind.is_identity() {
        return AfterSvam::ServicesOff(Off::SvamUnclear(status));
    }
    match identity_fits {
        Ok(()) => AfterSvam::Phys(Svam::Failed, Reason::SvamFailed(status)),
        Err(error) => AfterSvam::ServicesOff(Off::SvamFailed(status, error)),
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_ladder)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::PhysAddr,
        fixtures::BLANK_REGION, //
    };

    const SVAM_KINDS: [Kind; 2] = [Kind::Ident, Kind::Fixed];
    const TOO_HIGH: LayoutError =
        LayoutError::BeyondIdentity(BLANK_REGION.phys, PhysAddr::new(0x1000));
    /// EFI_INVALID_PARAMETER, EFI_UNSUPPORTED, EFI_NOT_FOUND, EFI_NO_MAPPING, and a vendor's
    /// status.
    const ERRORS: [u64; 5] = [ERROR | 2, ERROR | 3, ERROR | 14, ERROR | 17, u64::MAX];

    #[test]
    fn success_keeps_the_kind() {
        for fits in [Ok(()), Err(TOO_HIGH)] {
            let ident = after_svam(Kind::Ident, Ok(()), fits);
            assert_eq!(ident, AfterSvam::Keep(Svam::CalledIdent));
            let fixed = after_svam(Kind::Fixed, Ok(()), fits);
            assert_eq!(fixed, AfterSvam::Keep(Svam::CalledFixed));
        }
    }

    #[test]
    fn an_error_leads_to_phys() {
        for kind in SVAM_KINDS {
            for status in ERRORS {
                let phys = AfterSvam::Phys(Svam::Failed, Reason::SvamFailed(status));
                assert_eq!(after_svam(kind, Err(status), Ok(())), phys);
            }
        }
    }

    #[test]
    fn an_error_leads_no_further_where_phys_does_not_fit() {
        for kind in SVAM_KINDS {
            for status in ERRORS {
                let off = AfterSvam::ServicesOff(Off::SvamFailed(status, TOO_HIGH));
                assert_eq!(after_svam(kind, Err(status), Err(TOO_HIGH)), off);
            }
        }
    }

    #[test]
    fn a_fault_costs_the_services() {
        for kind in SVAM_KINDS {
            for fits in [Ok(()), Err(TOO_HIGH)] {
                let off = AfterSvam::ServicesOff(Off::SvamFault);
                assert_eq!(after_svam(kind, Err(EFI_ABORTED), fits), off);
            }
        }
    }

    #[test]
    fn a_warning_is_in_doubt_where_addresses_differ() {
        for status in [1, 5, ERROR - 1] {
            let off = AfterSvam::ServicesOff(Off::SvamUnclear(status));
            assert_eq!(after_svam(Kind::Fixed, Err(status), Ok(())), off);
            let phys = AfterSvam::Phys(Svam::Failed, Reason::SvamFailed(status));
            assert_eq!(after_svam(Kind::Ident, Err(status), Ok(())), phys);
        }
    }
}
