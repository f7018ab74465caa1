// SPDX-License-Identifier: GPL-2.0

//! The ladder, with any answer of SVAM: firmware is never called at addresses that it may not know.

use super::*;
use crate::plan::{
    base::{
        addr::PhysAddr,
        kind::Svam, //
    },
    choice::{
        after_svam::{
            after_svam,
            AfterSvam, //
        },
        decision::{
            Off,
            Reason, //
        },
    },
    firmware::service,
    map::layout::LayoutError, //
};
use std::format;

/// UEFI 2.10, appendix D.
const EFI_ABORTED: u64 = 1 << 63 | 21;

fn answer() -> impl Strategy<Value = Result<(), u64>> {
    let status = prop_oneof![
        1..=u64::MAX,
        (0u64..32).prop_map(|code| 1 << 63 | code),
        1u64..32,
        Just(EFI_ABORTED),
    ];
    prop_oneof![1 => Just(Ok(())), 4 => status.prop_map(Err)]
}

fn identity_fits() -> impl Strategy<Value = Result<(), LayoutError>> {
    let too_high = LayoutError::BeyondIdentity(BLANK_REGION.phys, PhysAddr::new(0));
    select(vec![Ok(()), Err(too_high)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_kind_is_kept_when_svam_succeeds_and_only_then(
        kind in kind(), answer in answer(), fits in identity_fits(),
    ) {
        let kept = after_svam(kind, answer, fits) == AfterSvam::Keep(Svam::after(kind));
        prop_assert_eq!(kept, answer.is_ok());
    }

    #[test]
    fn phys_is_for_firmware_that_has_refused(
        kind in kind(), answer in answer(), fits in identity_fits(),
    ) {
        if let AfterSvam::Phys(svam, reason) = after_svam(kind, answer, fits) {
            let status = answer.unwrap_err();
            prop_assert_eq!((svam, reason), (Svam::Failed, Reason::SvamFailed(status)));
            prop_assert!(svam.allows(Kind::Phys) && fits.is_ok());
            prop_assert!(status != EFI_ABORTED);
            prop_assert!(kind.is_identity() || status >= 1 << 63);
        }
    }

    #[test]
    fn no_status_but_that_of_a_fault_is_taken_for_one(
        kind in kind(), answer in answer(), fits in identity_fits(),
    ) {
        let fault = after_svam(kind, answer, fits) == AfterSvam::ServicesOff(Off::SvamFault);
        prop_assert_eq!(fault, answer == Err(EFI_ABORTED));
    }
}

#[test]
fn a_successor_names_the_call() {
    for (service, name) in [
        (service::MARK_SVAM, "(SVAM);"),
        (7, "(SetVariable);"),
        (99, "(service 99);"),
    ] {
        let said = format!("{}", Off::InCall { service, count: 3 });
        let beginning = "an earlier kernel stopped inside firmware call 3 ";
        assert!(said.starts_with(&format!("{beginning}{name}")), "{said}");
    }
}
