// SPDX-License-Identifier: GPL-2.0

//! The runtime services, and the numbers that they go by in different places.

/// A runtime service.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// Which pointer of the runtime services table it is, from 0 on.
    pub(crate) slot: usize,
    /// Its bit in what RT_PROPERTIES says is supported (UEFI 2.10, section 4.6).
    pub(crate) bit: u32,
    /// What the in-call mark of the handover table has for it.
    mark: u32,
}

impl Service {
    const fn new(slot: usize, name: &'static str, bit: u32, mark: u32) -> Self {
        Self {
            name,
            slot,
            bit: 1 << bit,
            mark,
        }
    }
}

/// The mark of SVAM, which the kernel's `enum efi_rts_ids` does not have.
pub(crate) const MARK_SVAM: u32 = u32::MAX - 1;

/// The mark of a call that does not go through the workqueue.
pub(crate) const MARK_DIRECT: u32 = u32::MAX;

/// The mark of a call that goes through the workqueue, but to no runtime service.
const MARK_PRM: u32 = 13;

/// SetVirtualAddressMap.
pub(crate) const SVAM: Service = Service::new(4, "SVAM", 7, MARK_SVAM);

/// The bits of all services.
pub(crate) const ALL: u32 = 0x3fff;

/// What says to stock kernels that no service is supported: ConvertPointer alone, which they do not
/// call. See `EFI_RTMAP_SUPPORTED_NONE`.
pub(crate) const NO_SUPPORT: u32 = 1 << 8;

/// The services that are called at run time. ConvertPointer is for firmware itself, during SVAM.
pub(crate) const CALLED: [Service; 12] = [
    Service::new(0, "GetTime", 0, 1),
    Service::new(1, "SetTime", 1, 2),
    Service::new(2, "GetWakeupTime", 2, 3),
    Service::new(3, "SetWakeupTime", 3, 4),
    Service::new(6, "GetVariable", 4, 5),
    Service::new(7, "GetNextVariableName", 5, 6),
    Service::new(8, "SetVariable", 6, 7),
    Service::new(9, "GetNextHighMonotonicCount", 9, 9),
    Service::new(10, "ResetSystem", 10, 10),
    Service::new(11, "UpdateCapsule", 11, 11),
    Service::new(12, "QueryCapsuleCapabilities", 12, 12),
    Service::new(13, "QueryVariableInfo", 13, 8),
];

/// What the call with this in-call `mark` is, if it is one that this kernel knows.
pub(crate) fn marked(mark: u32) -> Option<&'static str> {
    match mark {
        MARK_SVAM => Some(SVAM.name),
        MARK_DIRECT => Some("called without the workqueue"),
        MARK_PRM => Some("an ACPI PRM handler"),
        _ => {
            let service = CALLED.iter().find(|service| service.mark == mark)?;
            Some(service.name)
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
            (8, Some("QueryVariableInfo")),
            (13, Some("an ACPI PRM handler")),
            (14, None),
            (u32::MAX - 2, None),
            (u32::MAX - 1, Some("SVAM")),
            (u32::MAX, Some("called without the workqueue")),
        ] {
            assert_eq!(marked(mark), expected);
        }
    }

    #[test]
    fn no_number_is_given_twice() {
        let all = || CALLED.iter().chain([&SVAM]);
        let bits = all().fold(0, |bits, service| bits | service.bit);
        let slots = all().fold(0_u32, |slots, service| slots | 1 << service.slot);
        // 14 of each, but for ConvertPointer.
        assert_eq!((bits, slots), (ALL & !(1 << 8), 0x3fff & !(1 << 5)));
        let marks = (1..=12).chain([MARK_SVAM]);
        for mark in marks {
            assert_eq!(all().filter(|service| service.mark == mark).count(), 1);
        }
    }
}
