// SPDX-License-Identifier: GPL-2.0

//! The names of firmware calls, by the number that the in-call mark of the handover table has for
//! them.

/// The mark of SVAM, which `enum efi_rts_ids` does not have.
pub(crate) const SVAM: u32 = u32::MAX - 1;

/// The mark of a call that does not go through the workqueue.
pub(crate) const DIRECT: u32 = u32::MAX;

/// `enum efi_rts_ids` of the kernel, but for its 0, which stands for no call.
const NAMES: [&str; 13] = [
    "GetTime",
    "SetTime",
    "GetWakeupTime",
    "SetWakeupTime",
    "GetVariable",
    "GetNextVariableName",
    "SetVariable",
    "QueryVariableInfo",
    "GetNextHighMonotonicCount",
    "ResetSystem",
    "UpdateCapsule",
    "QueryCapsuleCapabilities",
    "an ACPI PRM handler",
];

/// What the call with this `mark` is called, if it is one that this kernel knows.
pub(crate) fn name(mark: u32) -> Option<&'static str> {
    match mark {
        SVAM => Some("SVAM"),
        DIRECT => Some("called without the workqueue"),
        _ => {
            let index = usize::try_from(mark).ok()?.checked_sub(1)?;
            NAMES.get(index).copied()
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_service)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn marks_have_names() {
        for (mark, expected) in [
            (0, None),
            (1, Some("GetTime")),
            (7, Some("SetVariable")),
            (13, Some("an ACPI PRM handler")),
            (14, None),
            (u32::MAX - 2, None),
            (u32::MAX - 1, Some("SVAM")),
            (u32::MAX, Some("called without the workqueue")),
        ] {
            assert_eq!(name(mark), expected);
        }
    }
}
