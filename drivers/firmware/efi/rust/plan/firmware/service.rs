// SPDX-License-Identifier: GPL-2.0

//! The runtime services, and their numbers in different places.

use core::fmt;

/// A runtime service.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// The index of its pointer in the runtime services table, from 0.
    pub(crate) slot: usize,
    /// Its bit in the supported services of RT_PROPERTIES (UEFI 2.10, section 4.6).
    pub(crate) bit: u32,
    /// Its value in the in-call mark of the handover table.
    pub(crate) mark: u32,
    /// It changes nothing: neither the variable store nor the clock.
    pub(crate) only_reads: bool,
}

impl Service {
    const fn new(slot: usize, name: &'static str, bit: u32, mark: u32) -> Self {
        Self {
            name,
            slot,
            bit: 1 << bit,
            mark,
            only_reads: false,
        }
    }

    const fn only_reads(self) -> Self {
        Self {
            only_reads: true,
            ..self
        }
    }
}

/// A set of runtime services.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Services(u32);

impl Services {
    pub(crate) const NONE: Self = Self(0);

    /// The services whose bit is set in `bits`, as in RT_PROPERTIES. Bits of no service are
    /// ignored.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits & ALL)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn contains(self, service: &Service) -> bool {
        self.0 & service.bit != 0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The services that are in both sets.
    pub(crate) fn among(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The services that change the variable store, the clock or a counter. ResetSystem does not
    /// come back, so what it changes does not matter.
    pub(crate) fn writing() -> Self {
        let writing = CALLED
            .iter()
            .filter(|service| !service.only_reads && service.mark != RESET_SYSTEM.mark);
        writing.collect()
    }

    /// Tells if the kernel may make the call with this in-call `mark`, if it may call these services. A
    /// call that is no service's may be made if any but ResetSystem may.
    pub(crate) fn admit(self, mark: u32) -> bool {
        match (by_mark(mark), mark) {
            (Some(service), _) => self.contains(service),
            // Variables are written without the workqueue, also in a panic.
            (None, MARK_DIRECT) => self.contains(&SET_VARIABLE),
            (None, _) => self.without((&RESET_SYSTEM).into()) != Self::NONE,
        }
    }

    /// The services of the set that the kernel calls at run time.
    pub(crate) fn called(self) -> impl Iterator<Item = &'static Service> {
        CALLED.iter().filter(move |service| self.contains(service))
    }
}

impl From<&Service> for Services {
    fn from(service: &Service) -> Self {
        Self(service.bit)
    }
}

impl<'a> FromIterator<&'a Service> for Services {
    fn from_iter<I: IntoIterator<Item = &'a Service>>(services: I) -> Self {
        let add = |set: Self, service: &Service| set.with(service.into());
        services.into_iter().fold(Self::NONE, add)
    }
}

/// The names of the services that the kernel calls, with spaces between them, or "none".
impl fmt::Display for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.called().map(|service| service.name);
        f.write_str(names.next().unwrap_or("none"))?;
        names.try_for_each(|name| write!(f, " {name}"))
    }
}

/// Services that came with UEFI 2.0.
const SINCE_2_0: Services = Services(1 << 11 | 1 << 12 | 1 << 13);

/// Revision of the system table in UEFI 2.0: the major number is in the upper half.
const REVISION_2_0: u32 = 2 << 16;

/// The services that the kernel calls in firmware of this `revision`, out of the services that
/// firmware says are `supported`. The kernel calls no newer service, as in
/// `drivers/firmware/efi/runtime-wrappers.c`.
pub(crate) fn of_revision(revision: u32, supported: Services) -> Services {
    if revision < REVISION_2_0 {
        supported.without(SINCE_2_0)
    } else {
        supported
    }
}

/// The mark of SVAM. The kernel's `enum efi_rts_ids` does not have it.
pub(crate) const MARK_SVAM: u32 = u32::MAX - 1;

/// The mark of a call that does not go through the workqueue.
pub(crate) const MARK_DIRECT: u32 = u32::MAX;

/// The mark of a call that goes through the workqueue, but calls no runtime service.
const MARK_PRM: u32 = 13;

/// SetVirtualAddressMap.
pub(crate) const SVAM: Service = Service::new(4, "SVAM", 7, MARK_SVAM);

/// The bits of all services.
pub(crate) const ALL: u32 = 0x3fff;

/// The bits that tell stock kernels that no service is supported: only ConvertPointer, which they
/// do not call. See `EFI_RTMAP_SUPPORTED_NONE`.
pub(crate) const NO_SUPPORT: u32 = 1 << 8;

pub(crate) const GET_TIME: Service = Service::new(0, "GetTime", 0, 1).only_reads();
pub(crate) const SET_TIME: Service = Service::new(1, "SetTime", 1, 2);
pub(crate) const GET_WAKEUP_TIME: Service = Service::new(2, "GetWakeupTime", 2, 3).only_reads();
pub(crate) const SET_WAKEUP_TIME: Service = Service::new(3, "SetWakeupTime", 3, 4);
pub(crate) const GET_VARIABLE: Service = Service::new(6, "GetVariable", 4, 5).only_reads();
pub(crate) const GET_NEXT_VARIABLE_NAME: Service =
    Service::new(7, "GetNextVariableName", 5, 6).only_reads();
pub(crate) const SET_VARIABLE: Service = Service::new(8, "SetVariable", 6, 7);
pub(crate) const QUERY_VARIABLE_INFO: Service =
    Service::new(13, "QueryVariableInfo", 13, 8).only_reads();
pub(crate) const RESET_SYSTEM: Service = Service::new(10, "ResetSystem", 10, 10);

/// The services that are called at run time. ConvertPointer is for firmware itself, during SVAM.
pub(crate) const CALLED: [Service; 12] = [
    GET_TIME,
    SET_TIME,
    GET_WAKEUP_TIME,
    SET_WAKEUP_TIME,
    GET_VARIABLE,
    GET_NEXT_VARIABLE_NAME,
    SET_VARIABLE,
    Service::new(9, "GetNextHighMonotonicCount", 9, 9),
    RESET_SYSTEM,
    Service::new(11, "UpdateCapsule", 11, 11),
    Service::new(12, "QueryCapsuleCapabilities", 12, 12).only_reads(),
    QUERY_VARIABLE_INFO,
];

/// The name of the call with this in-call `mark`, if this kernel knows the mark.
pub(crate) fn marked(mark: u32) -> Option<&'static str> {
    match mark {
        MARK_SVAM => Some(SVAM.name),
        MARK_DIRECT => Some("called without the workqueue"),
        MARK_PRM => Some("an ACPI PRM handler"),
        _ => by_mark(mark).map(|service| service.name),
    }
}

/// The service with this in-call `mark`.
pub(crate) fn by_mark(mark: u32) -> Option<&'static Service> {
    CALLED.iter().find(|service| service.mark == mark)
}

/// Tells if the call with this in-call `mark` is known to change nothing, so that it can be
/// aborted.
pub(crate) fn only_reads(mark: u32) -> bool {
    by_mark(mark).is_some_and(|service| service.only_reads)
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
    fn no_call_that_may_write_is_aborted() {
        let writes = ["SetTime", "SetWakeupTime", "SetVariable", "UpdateCapsule"];
        let others = ["GetNextHighMonotonicCount", "ResetSystem"];
        for service in &CALLED {
            let may_write = writes.contains(&service.name) || others.contains(&service.name);
            assert_eq!(only_reads(service.mark), !may_write);
        }
        for mark in [0, MARK_PRM, 14, MARK_SVAM, MARK_DIRECT] {
            assert!(!only_reads(mark));
        }
    }

    #[test]
    fn a_set_admits_its_services_and_calls_of_no_service() {
        let capsules = Services::from_bits(1 << 11);
        for (set, admitted) in [
            (Services::NONE, &[][..]),
            ((&RESET_SYSTEM).into(), &[10]),
            (capsules, &[11, MARK_PRM]),
            ((&SET_VARIABLE).into(), &[7, MARK_PRM, MARK_DIRECT]),
        ] {
            for mark in [1, 7, 10, 11, MARK_PRM, MARK_DIRECT] {
                assert_eq!(set.admit(mark), admitted.contains(&mark));
            }
        }
    }

    #[test]
    fn a_set_has_the_names_of_what_is_called() {
        // SVAM and ConvertPointer are never on or off.
        for (bits, names, len) in [
            (0, "none", 4),
            (1 << 7 | 1 << 8 | 1 << 14, "none", 4),
            (1 << 0, "GetTime", 7),
            (1 << 6 | 1 << 4, "GetVariable SetVariable", 23),
        ] {
            let mut text = Text {
                rest: names,
                len: 0,
            };
            let written = fmt::write(&mut text, format_args!("{}", Services::from_bits(bits)));
            assert_eq!((written, text.rest, text.len), (Ok(()), "", len));
        }
    }

    /// A writer that accepts only `rest`.
    struct Text {
        rest: &'static str,
        len: usize,
    }

    impl fmt::Write for Text {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.rest = self.rest.strip_prefix(part).ok_or(fmt::Error)?;
            self.len += part.len();
            Ok(())
        }
    }

    #[test]
    fn what_is_newer_than_firmware_is_not_called() {
        let all = Services::from_bits(ALL);
        for (revision, bits) in [(0x1_000a, 0x7ff), (0x1_ffff, 0x7ff), (0x2_0000, ALL)] {
            assert_eq!(of_revision(revision, all).bits(), bits);
        }
        let without = Services::from_bits(1 << 10);
        assert_eq!(of_revision(0x2_0046, without), without);
    }

    #[test]
    fn no_number_is_given_twice() {
        let all = || CALLED.iter().chain([&SVAM]);
        let bits = all().fold(0, |bits, service| bits | service.bit);
        let slots = all().fold(0_u32, |slots, service| slots | 1 << service.slot);
        // There are 14 of each, without ConvertPointer.
        assert_eq!((bits, slots), (ALL & !(1 << 8), 0x3fff & !(1 << 5)));
        let marks = (1..=12).chain([MARK_SVAM]);
        for mark in marks {
            assert_eq!(all().filter(|service| service.mark == mark).count(), 1);
        }
    }
}
