// SPDX-License-Identifier: GPL-2.0

//! Freshness: firmware is fresh if it has started this kernel, so that no one can have called SVAM.
//!
//! No fact alone proves this to the next kernel. A single trace of an earlier kernel disproves it.
//! In doubt, firmware is not fresh, and SVAM is not called.

use crate::plan::{
    base::kind::Svam,
    map::region::Region, //
};

/// The traces that earlier kernels may have left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Traces {
    /// A kernel has used a handover table, or there is a table that cannot be read.
    pub(crate) used: bool,
    /// The number of kernels that have passed firmware on without calling it, as the table says.
    pub(crate) passed: u32,
    pub(crate) nonce: Nonce,
    /// Kexec says that it has started this kernel. Also `true` if kexec has no way to say so and
    /// there is no table.
    pub(crate) kexec: bool,
    /// There is free memory in the memory map. Some kernels pass on only runtime regions.
    pub(crate) free_memory: bool,
    pub(crate) addresses: Addresses,
    /// The SVAM state that the stub of this boot has recorded, in a table of generation 0 that no
    /// kernel has used.
    pub(crate) stub: Option<Svam>,
}

/// The comparison of nonces. It shows if the handover table is of this life of the firmware.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nonce {
    Absent,
    Agrees,
    Differs,
}

impl Nonce {
    /// Compares the nonce of the `table` with the nonce in memory of the `firmware`. Nobody saves
    /// and restores the latter.
    pub(crate) fn compare<T: PartialEq>(table: Option<T>, firmware: Option<T>) -> Self {
        match (table, firmware) {
            (None, None) => Self::Absent,
            (table, firmware) if table == firmware => Self::Agrees,
            _ => Self::Differs,
        }
    }

    /// Joins the verdicts on two tables.
    pub(crate) fn join(self, other: Self) -> Self {
        match self {
            Self::Absent => other,
            Self::Agrees if other == Self::Differs => other,
            _ => self,
        }
    }
}

/// The addresses in the memory map, where a stub or a kernel writes them into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Addresses {
    /// No addresses, or physical ones: firmware has got no others.
    Physical,
    /// All bits are set. With this value a stub says that SVAM has failed.
    Refused,
    /// Other addresses.
    Given,
}

impl Addresses {
    pub(crate) fn of(regions: &[Region]) -> Self {
        let all = |is: fn(&Region) -> bool| regions.iter().all(is);
        if all(|r| r.virt.value() == 0 || r.virt == r.phys.start().identity()) {
            Self::Physical
        } else if all(|r| r.virt.value() == u64::MAX) {
            Self::Refused
        } else {
            Self::Given
        }
    }

    /// Tells if a stub that records `svam` can leave these addresses.
    fn follow(self, svam: Svam) -> bool {
        match svam {
            Svam::Unknown => false,
            Svam::NotCalled | Svam::CalledIdent => self == Self::Physical,
            // A fixed address may happen to be the physical one.
            Svam::CalledFixed => self != Self::Refused,
            // Firmware uses none of these addresses: it is 1:1.
            Svam::Failed => true,
        }
    }
}

/// The verdict.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Freshness {
    /// Firmware has started this kernel, and SVAM has not been called.
    Fresh(SvamOnce),
    /// Firmware has started this kernel, and its stub has recorded this SVAM state.
    Stub(Svam),
    /// The kernels before this one have not called firmware. SVAM is still in this state.
    PassedOn(Svam),
    /// There may have been a kernel before this one.
    Stale(Trace),
}

/// The right to call SVAM, once: it has not been called in this life of the firmware.
///
/// Only [`freshness`] makes this value, and it cannot be copied.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct SvamOnce(());

/// The trace that shows an earlier kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trace {
    Used,
    Nonce,
    Kexec,
    NoFreeMemory,
    Addresses,
}

/// Judges freshness by `traces`.
pub(crate) fn freshness(traces: &Traces) -> Freshness {
    let trace = if traces.used {
        Trace::Used
    } else if traces.nonce == Nonce::Differs {
        Trace::Nonce
    } else if !traces
        .addresses
        .follow(traces.stub.unwrap_or(Svam::NotCalled))
    {
        Trace::Addresses
    } else if traces.passed > 0 {
        return Freshness::PassedOn(traces.stub.unwrap_or(Svam::NotCalled));
    } else if traces.kexec {
        Trace::Kexec
    } else if !traces.free_memory {
        Trace::NoFreeMemory
    } else {
        return match traces.stub {
            Some(svam) => Freshness::Stub(svam),
            None => Freshness::Fresh(SvamOnce(())),
        };
    };
    Freshness::Stale(trace)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_fresh)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::region, //
    };

    const FRESH: Traces = Traces {
        used: false,
        passed: 0,
        nonce: Nonce::Absent,
        kexec: false,
        free_memory: true,
        addresses: Addresses::Physical,
        stub: None,
    };

    #[test]
    fn one_trace_is_enough() {
        assert!(matches!(freshness(&FRESH), Freshness::Fresh(_)));
        for stub in [None, Some(Svam::NotCalled)] {
            let clean = Traces { stub, ..FRESH };
            for (traces, trace) in [
                (
                    Traces {
                        used: true,
                        ..clean
                    },
                    Trace::Used,
                ),
                (
                    Traces {
                        nonce: Nonce::Differs,
                        ..clean
                    },
                    Trace::Nonce,
                ),
                (
                    Traces {
                        kexec: true,
                        ..clean
                    },
                    Trace::Kexec,
                ),
                (
                    Traces {
                        free_memory: false,
                        ..clean
                    },
                    Trace::NoFreeMemory,
                ),
                (
                    Traces {
                        addresses: Addresses::Given,
                        ..clean
                    },
                    Trace::Addresses,
                ),
                (
                    Traces {
                        addresses: Addresses::Refused,
                        ..clean
                    },
                    Trace::Addresses,
                ),
            ] {
                assert_eq!(freshness(&traces), Freshness::Stale(trace));
            }
        }
    }

    #[test]
    fn a_stub_explains_the_addresses_that_it_leaves() {
        use Addresses::{
            Given,
            Physical,
            Refused, //
        };
        for (svam, expected) in [
            (Svam::Unknown, [false, false, false]),
            (Svam::NotCalled, [true, false, false]),
            (Svam::CalledIdent, [true, false, false]),
            (Svam::CalledFixed, [true, true, false]),
            (Svam::Failed, [true, true, true]),
        ] {
            for (addresses, explained) in [Physical, Given, Refused].into_iter().zip(expected) {
                let traces = Traces {
                    addresses,
                    stub: Some(svam),
                    ..FRESH
                };
                let stub = freshness(&traces) == Freshness::Stub(svam);
                assert_eq!(stub, explained);
            }
        }
    }

    #[test]
    fn kernels_that_call_nothing_leave_firmware_as_it_is() {
        for (stub, svam) in [
            (None, Svam::NotCalled),
            (Some(Svam::NotCalled), Svam::NotCalled),
            (Some(Svam::CalledIdent), Svam::CalledIdent),
        ] {
            let passed = Traces {
                passed: 2,
                kexec: true,
                free_memory: false,
                stub,
                ..FRESH
            };
            assert_eq!(freshness(&passed), Freshness::PassedOn(svam));
            let used = Traces {
                used: true,
                ..passed
            };
            assert_eq!(freshness(&used), Freshness::Stale(Trace::Used));
            let other = Traces {
                nonce: Nonce::Differs,
                ..passed
            };
            assert_eq!(freshness(&other), Freshness::Stale(Trace::Nonce));
            let moved = Traces {
                addresses: Addresses::Given,
                ..passed
            };
            assert_eq!(freshness(&moved), Freshness::Stale(Trace::Addresses));
        }
    }

    #[test]
    fn two_nonces_must_agree() {
        assert_eq!(Nonce::compare(None::<u64>, None), Nonce::Absent);
        assert_eq!(Nonce::compare(Some(7), Some(7)), Nonce::Agrees);
        for (table, firmware) in [(Some(7), Some(8)), (Some(7), None), (None, Some(7))] {
            assert_eq!(Nonce::compare(table, firmware), Nonce::Differs);
        }
        let nonce = Nonce::Agrees;
        let verdict = freshness(&Traces { nonce, ..FRESH });
        assert!(matches!(verdict, Freshness::Fresh(_)));
    }

    #[test]
    fn addresses_are_told_apart() -> Result<(), RangeError> {
        let of = |virts: [u64; 2]| -> Result<Addresses, RangeError> {
            let regions = [region(0x1000, virts[0])?, region(0x9000, virts[1])?];
            Ok(Addresses::of(&regions))
        };
        assert_eq!(Addresses::of(&[]), Addresses::Physical);
        for virts in [[0, 0], [0x1000, 0x9000], [0, 0x9000]] {
            assert_eq!(of(virts)?, Addresses::Physical);
        }
        assert_eq!(of([u64::MAX; 2])?, Addresses::Refused);
        for virts in [[0x1000, 0x8000], [0x1000, u64::MAX], [0x9000, 0x1000]] {
            assert_eq!(of(virts)?, Addresses::Given);
        }
        Ok(())
    }
}
