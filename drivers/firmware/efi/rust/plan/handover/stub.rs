// SPDX-License-Identifier: GPL-2.0

//! The stub's words in the header: the life of the firmware that the table is of, and what has
//! become of SVAM where the stub decides on it.

use crate::plan::{
    base::{
        bytes::{
            u32_at,
            u64_at, //
        },
        kind::{
            Kind,
            Svam, //
        },
    },
    handover::{
        format::TableStub,
        wire::{
            NONCE_OFFSET,
            STUB_OFFSET, //
        },
    },
};
use core::mem::offset_of;

/// One life of the firmware: no other has the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Nonce([u64; 2]);

impl Nonce {
    /// Reads the nonce that `bytes` begin with. [`None`] if there is none, which is all zero.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let nonce = Self([u64_at(bytes, 0)?, u64_at(bytes, 8)?]);
        (nonce != Self::default()).then_some(nonce)
    }

    /// Reads the nonce in the `header` of a handover table.
    pub(crate) fn of_table(header: &[u8]) -> Option<Self> {
        Self::read(header.get(NONCE_OFFSET..)?)
    }

    pub(crate) fn words(self) -> [u64; 2] {
        self.0
    }
}

/// The stub's decision on SVAM, where that is the stub's, and what came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stub {
    /// The kind of map, or [`None`] if none fits.
    pub(crate) kind: Option<Kind>,
    pub(crate) reason: StubReason,
    /// The answer of SVAM: the status, if it is not success. [`None`] if it was not called.
    pub(crate) answer: Option<Result<(), u64>>,
}

impl Stub {
    /// The decision of a stub that leaves SVAM to the kernel proper.
    pub(crate) const UNDECIDED: Self = Self {
        kind: Some(Kind::Phys),
        reason: StubReason::Default,
        answer: None,
    };

    /// The state that SVAM is in since.
    pub(crate) fn svam(&self) -> Svam {
        match (self.answer, self.kind) {
            (None, _) => Svam::NotCalled,
            (Some(Ok(())), Some(kind)) => Svam::after(kind),
            (Some(_), _) => Svam::Failed,
        }
    }
}

/// Why the stub has chosen a kind: `enum efi_rtmap_reason`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(crate) enum StubReason {
    Requested = 1,
    Default = 2,
    /// Stock Linux calls SVAM on this machine.
    Quirk = 3,
    SvamUnsupported = 5,
    /// Another kind does not fit.
    DoesNotFit = 6,
}

impl StubReason {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [
            Self::Requested,
            Self::Default,
            Self::Quirk,
            Self::SvamUnsupported,
            Self::DoesNotFit,
        ]
        .into_iter()
        .find(|reason| *reason as u32 == number)
    }
}

/// Reads the stub's decision from the `header` of a handover table. Returns [`None`] if the
/// decision is not the stub's, or if this version does not know its words.
pub(crate) fn stub(header: &[u8]) -> Option<Stub> {
    let word = |offset| u32_at(header, STUB_OFFSET + offset);
    let reason = StubReason::from_number(word(offset_of!(TableStub, reason))?)?;
    let kind = match word(offset_of!(TableStub, kind))? {
        0 => None,
        number => Some(Kind::from_number(number)?),
    };
    let svam = Svam::from_number(word(offset_of!(TableStub, svam))?)?;
    let status = u64_at(header, STUB_OFFSET + offset_of!(TableStub, status))?;
    let answer = match svam {
        Svam::NotCalled => None,
        Svam::Failed => Some(Err(status)),
        svam if kind.is_some_and(|kind| svam == Svam::after(kind)) => Some(Ok(())),
        _ => return None,
    };
    Some(Stub {
        kind,
        reason,
        answer,
    })
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_stub)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::handover::table_fixtures::{
        blank,
        SIZE, //
    };

    fn recorded(reason: u32, kind: u32, svam: u32, status: u64) -> [u8; SIZE] {
        let mut bytes = blank();
        for (k, word) in [reason, kind, svam].into_iter().enumerate() {
            let at = STUB_OFFSET + 4 * k;
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        let at = STUB_OFFSET + 16;
        bytes[at..at + 8].copy_from_slice(&status.to_le_bytes());
        bytes
    }

    #[test]
    fn a_table_without_decision_has_none() {
        assert_eq!(stub(&blank()), None);
    }

    #[test]
    fn decisions_are_read() {
        let decided = |kind, reason, answer| {
            Some(Stub {
                kind,
                reason,
                answer,
            })
        };
        assert_eq!(
            stub(&recorded(StubReason::Default as u32, 1, 1, 0)),
            decided(Some(Kind::Phys), StubReason::Default, None)
        );
        assert_eq!(
            stub(&recorded(StubReason::Requested as u32, 2, 2, 0)),
            decided(Some(Kind::Ident), StubReason::Requested, Some(Ok(())))
        );
        assert_eq!(
            stub(&recorded(StubReason::Quirk as u32, 3, 4, 1 << 63 | 3)),
            decided(Some(Kind::Fixed), StubReason::Quirk, Some(Err(1 << 63 | 3)))
        );
        assert_eq!(
            stub(&recorded(StubReason::DoesNotFit as u32, 0, 1, 0)),
            decided(None, StubReason::DoesNotFit, None)
        );
    }

    #[test]
    fn words_that_do_not_go_together_are_none() {
        for (reason, kind, svam) in [
            (99, 1, 1), // no such reason
            (1, 4, 1),  // no such kind
            (1, 1, 5),  // no such state
            (1, 2, 3),  // another kind's state
            (1, 1, 2),  // SVAM called for phys
            (1, 3, 0),  // SVAM was to be called, and nobody knows
            (1, 0, 2),  // SVAM called for no map
        ] {
            assert_eq!(stub(&recorded(reason, kind, svam, 0)), None);
        }
    }

    #[test]
    fn a_nonce_of_zeros_is_none() {
        let mut bytes = blank();
        assert_eq!(Nonce::of_table(&bytes), None);
        bytes[NONCE_OFFSET + 15] = 1;
        assert_eq!(Nonce::of_table(&bytes), Some(Nonce([0, 1 << 56])));
        assert_eq!(Nonce::read(&bytes[NONCE_OFFSET..NONCE_OFFSET + 15]), None);
    }
}
