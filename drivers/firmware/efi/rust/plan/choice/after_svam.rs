// SPDX-License-Identifier: GPL-2.0

//! The ladder: what becomes of a decision when the firmware does not play along.
//!
//! From the top; nobody climbs up again, and SVAM is called once at most:
//!
//! | rung | left for the next when | by |
//! | --- | --- | --- |
//! | the kind asked for, or else the quirk's, or the default | SVAM is excluded: `phys` | [`decide`](super::decide::decide) |
//! | | its addresses do not fit: the nearest kind whose do, with SVAM only if nothing excludes it | [`decide`](super::decide::decide) |
//! | that kind, once SVAM has succeeded | SVAM returns an error | [`after_svam`] |
//! | `phys`: firmware has refused the addresses, and keeps its own | a 1:1 map does not fit | [`after_svam`] |
//! | services off | | |
//!
//! A fault in SVAM, and whatever else leaves in doubt which addresses firmware goes by, leads to
//! the last rung at once.

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

/// What a firmware call returns when the kernel has recovered from a fault in it.
///
/// Firmware that returns it of its own accord cannot be told from one that faulted, and need not be:
/// SVAM has no such status (UEFI 2.10, section 8.4), so nobody knows what it would mean.
const EFI_ABORTED: u64 = ERROR | 21;

/// The bit that makes a status an error. Without it, something but 0 is a warning: firmware has done
/// what it was asked to.
const ERROR: u64 = 1 << 63;

/// What to do once SVAM has been called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AfterSvam {
    /// Go on with the map as decided.
    Keep(Svam),
    /// Go on in `phys`.
    Phys(Svam, Reason),
    /// Boot without runtime services.
    ServicesOff(Off),
}

/// Decides how to go on, now that SVAM has been called for a map of `kind` and given `answer`: the
/// status, if it is not success.
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
    // With 1:1 addresses it makes no difference whether firmware took them.
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
    /// EFI_INVALID_PARAMETER, EFI_UNSUPPORTED, EFI_NOT_FOUND, EFI_NO_MAPPING, and one of a vendor.
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
