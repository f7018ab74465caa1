// SPDX-License-Identifier: GPL-2.0

//! The consequences of the end of a call in user mode.

use crate::plan::firmware::service::{
    Service,
    Services, //
};

/// The end of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// Firmware has returned this status.
    Returned(u64),
    /// Firmware has done what it may not do.
    Trapped,
    /// The call was aborted at its time limit.
    TooLong,
    /// The call is left to finish, because it writes.
    GivenUp,
    /// The kernel has ended the task.
    Died,
    /// There was no task to make the call.
    NoTask,
}

impl End {
    /// Tells if firmware has been stopped within the call, so that its data may be half changed.
    fn is_torn(self) -> bool {
        matches!(
            self,
            Self::Trapped | Self::TooLong | Self::GivenUp | Self::Died
        )
    }
}

/// The services that go off when a call of `service` has come to this `end`. A call that only reads
/// leaves the others as they were. One that writes may have changed only a part of its data, and
/// another that writes could make that worse.
pub(crate) fn off_after(service: &Service, end: End) -> Services {
    match (end.is_torn(), service.only_reads) {
        (false, _) => Services::NONE,
        (true, true) => service.into(),
        (true, false) => Services::writing(),
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_verdict)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::firmware::service::CALLED;

    const TORN: [End; 4] = [End::Trapped, End::TooLong, End::GivenUp, End::Died];

    #[test]
    fn a_torn_read_costs_itself_and_a_torn_write_all_that_write() {
        for service in &CALLED {
            for end in TORN {
                let off = off_after(service, end);
                for other in &CALLED {
                    let expected = if service.only_reads {
                        service.mark == other.mark
                    } else {
                        !other.only_reads && other.name != "ResetSystem"
                    };
                    assert_eq!(off.contains(other), expected);
                }
            }
        }
    }

    #[test]
    fn whole_calls_cost_nothing() {
        for service in &CALLED {
            for end in [End::Returned(0), End::Returned(u64::MAX), End::NoTask] {
                assert_eq!(off_after(service, end), Services::NONE);
            }
        }
    }
}
