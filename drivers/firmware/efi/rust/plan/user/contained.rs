// SPDX-License-Identifier: GPL-2.0

//! A failure that user mode has contained: firmware was stopped, and the kernel was not reached.

use crate::plan::{
    base::kind::{
        Latch,
        Privilege, //
    },
    firmware::service::{
        by_mark,
        Services, //
    },
};

/// The latch for a kernel that calls firmware with this `privilege`, if `failed` are the services that
/// have failed in user mode. In user mode, firmware that was stopped there may be called again, but
/// for these services.
pub(crate) fn latch(latch: Latch, failed: Services, privilege: Privilege) -> Latch {
    let contained = |mark| by_mark(mark).is_some_and(|service| failed.contains(service));
    match (privilege, latch) {
        (Privilege::User, Latch::Faulted { service }) if contained(service) => Latch::Clear,
        _ => latch,
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_contained)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::firmware::service::{
        MARK_SVAM,
        SET_VARIABLE, //
    };

    #[test]
    fn only_what_user_mode_has_contained_is_forgiven() {
        let service = SET_VARIABLE.mark;
        let (torn, none) = (Services::writing(), Services::NONE);
        let faulted = Latch::Faulted { service };
        let in_call = Latch::InCall { service, count: 1 };
        let svam = Latch::Faulted { service: MARK_SVAM };
        for (found, failed, privilege, expected) in [
            (faulted, torn, Privilege::User, Latch::Clear),
            (faulted, torn, Privilege::Kernel, faulted),
            (faulted, none, Privilege::User, faulted),
            (in_call, torn, Privilege::User, in_call),
            (svam, torn, Privilege::User, svam),
            (Latch::Clear, torn, Privilege::Kernel, Latch::Clear),
        ] {
            assert_eq!(latch(found, failed, privilege), expected);
        }
    }
}
