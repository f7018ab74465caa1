// SPDX-License-Identifier: GPL-2.0

//! The order of stores to a table. A kernel may stop after any of them: its successor then finds
//! the old state or the new one, and nothing between.

use crate::plan::{
    firmware::service::{
        self,
        Services, //
    },
    handover::{
        format::TableSlot,
        stub::Nonce,
        wire::{
            CALL_COUNT_OFFSET,
            CALL_SERVICE_OFFSET,
            FAILED_OFFSET,
            FAULTED_OFFSET,
            NONCE_OFFSET,
            PASSED_OFFSET,
            PROPERTIES_SUPPORTED_OFFSET,
            SERVICES_OFF_OFFSET, //
        }, //
    },
};
use core::mem::offset_of;

/// Bytes at the start of a slot that make it valid: its CRC and its length.
const SLOT_HEAD: usize = offset_of!(TableSlot, major);

/// A store, at an offset from the start of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Store<'a> {
    /// At once.
    Word(usize, u32),
    /// In any order.
    Bytes(usize, &'a [u8]),
    /// Later stores are seen after all earlier ones.
    Barrier,
}

/// Begins a call of `service`, the one after `count` others.
pub(crate) fn begin_call<'a>(
    service: u32,
    count: u32,
    supported: Option<u32>,
) -> impl Iterator<Item = Store<'a>> {
    deny_services(supported).chain([
        Store::Word(CALL_COUNT_OFFSET, count.wrapping_add(1)),
        Store::Word(CALL_SERVICE_OFFSET, service),
    ])
}

/// The failure of firmware, as the table has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Failed {
    /// The service in which firmware has faulted or hung, so that it must not be called with the
    /// kernel's privilege, or 0.
    pub(crate) in_service: u32,
    /// The services that have failed in user mode.
    pub(crate) services: Services,
}

/// Ends the call in progress. Firmware that has `failed` stays denied to stock kernels, also if it
/// was in user mode: they cannot contain the next failure.
pub(crate) fn end_call<'a>(
    supported: Option<u32>,
    failed: Failed,
) -> impl Iterator<Item = Store<'a>> {
    let allowed = supported.map(|supported| match failed == Failed::default() {
        true => supported,
        false => service::NO_SUPPORT,
    });
    [Store::Word(CALL_SERVICE_OFFSET, 0)]
        .into_iter()
        .chain(allowed.map(tell_stock))
}

/// Records that the services of `failed` are off, because firmware was stopped in user mode. The call
/// in progress is over.
pub(crate) fn record_failed<'a>(
    supported: Option<u32>,
    failed: Failed,
) -> impl Iterator<Item = Store<'a>> {
    let words = [
        Store::Word(FAILED_OFFSET, failed.services.bits()),
        Store::Word(FAULTED_OFFSET, failed.in_service),
    ];
    words.into_iter().chain(end_call(supported, failed))
}

/// Records that firmware has faulted or hung in `service`.
pub(crate) fn record_fault<'a>(
    service: u32,
    supported: Option<u32>,
) -> impl Iterator<Item = Store<'a>> {
    [Store::Word(FAULTED_OFFSET, service)]
        .into_iter()
        .chain(deny_services(supported))
}

/// Counts a kernel that passes firmware on without calling it, after `passed` others.
pub(crate) fn pass_on(passed: u32) -> Store<'static> {
    Store::Word(PASSED_OFFSET, passed.saturating_add(1))
}

/// Makes the table one of the life of the firmware that has this `nonce`.
pub(crate) fn renew<'a>(nonce: Nonce) -> impl Iterator<Item = Store<'a>> {
    let halves = |word: u64| [word as u32, (word >> 32) as u32];
    let words = nonce.words().into_iter().flat_map(halves);
    let places = (NONCE_OFFSET..).step_by(size_of::<u32>());
    places
        .zip(words)
        .map(|(offset, word)| Store::Word(offset, word))
}

/// Keeps kernels that do not know the table from calling firmware, if they go by it.
pub(crate) fn deny_services<'a>(supported: Option<u32>) -> impl Iterator<Item = Store<'a>> {
    let denied = supported.map(|_| tell_stock(service::NO_SUPPORT));
    denied.into_iter()
}

/// Makes `slot`, which goes to `offset`, the current one, of firmware that has not failed but for
/// the services that are `off` or have `failed`.
pub(crate) fn publish(
    slot: &[u8],
    offset: usize,
    off: Services,
    failed: Failed,
    supported: Option<u32>,
) -> impl Iterator<Item = Store<'_>> {
    let (head, body) = slot.split_at(slot.len().min(SLOT_HEAD));
    [
        Store::Bytes(offset.saturating_add(head.len()), body),
        Store::Barrier,
        Store::Bytes(offset, head),
        Store::Word(PASSED_OFFSET, 0),
        Store::Word(SERVICES_OFF_OFFSET, off.bits()),
    ]
    .into_iter()
    .chain(record_failed(supported, failed))
}

fn tell_stock<'a>(supported: u32) -> Store<'a> {
    Store::Word(PROPERTIES_SUPPORTED_OFFSET, supported)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_stores)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::{
            bytes,
            kind::Latch, //
        },
        fixtures::{
            crc32,
            BLANK_ENTRY, //
        },
        handover::{
            encode::encode,
            properties::supported,
            table_fixtures::{
                blank,
                put,
                table_in,
                SIZE,
                SLOT,
                SNAPSHOT, //
            },
            wire::{
                Snapshot,
                HEADER_SIZE,
                PROPERTIES_HEAD,
                PROPERTIES_OFFSET,
                SUPPORTED_OFFSET, //
            }, //
        },
    };

    const SERVICES: u32 = 0x7b;

    /// The state that a successor finds: the map, whether firmware is to be left alone, and the
    /// services that a stock kernel would call.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct State {
        snapshot: Option<Snapshot>,
        latch: Latch,
        stock: u32,
    }

    fn word(bytes: &[u8], offset: usize) -> u32 {
        bytes::u32_at(bytes, offset).unwrap_or(0)
    }

    fn state(bytes: &[u8]) -> State {
        let table = table_in(bytes);
        let slot = table
            .as_ref()
            .map(|table| table.current(crc32, |_| ()).ok().flatten());
        let slot = slot.ok().flatten();
        State {
            snapshot: slot.and_then(|slot| slot.snapshot(&SNAPSHOT.identity).ok()),
            latch: table.map_or(Latch::Clear, |table| table.latch()),
            stock: word(bytes, PROPERTIES_SUPPORTED_OFFSET),
        }
    }

    /// A table with one slot, of firmware whose services stock kernels know by it.
    fn table() -> [u8; SIZE] {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[BLANK_ENTRY]);
        for (offset, value) in [
            (PROPERTIES_OFFSET, PROPERTIES_HEAD),
            (PROPERTIES_SUPPORTED_OFFSET, SERVICES),
            (SUPPORTED_OFFSET, SERVICES),
        ] {
            bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        }
        assert_eq!(supported(&bytes), Some(SERVICES));
        bytes
    }

    /// Applies `stores` one by one, bytes in either direction, and hands each state to `look`.
    fn perform<'a>(
        bytes: &mut [u8],
        stores: impl Iterator<Item = Store<'a>>,
        backwards: bool,
        mut look: impl FnMut(State),
    ) {
        for store in stores {
            match store {
                Store::Word(offset, value) => {
                    bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
                    look(state(bytes));
                }
                Store::Bytes(offset, new) => {
                    for k in 0..new.len() {
                        let k = if backwards { new.len() - 1 - k } else { k };
                        bytes[offset + k] = new[k];
                        look(state(bytes));
                    }
                }
                Store::Barrier => (),
            }
        }
    }

    #[test]
    fn a_map_is_the_old_or_the_new() {
        let new = Snapshot {
            generation: 4,
            ..SNAPSHOT
        };
        let mut slot = [0; SLOT];
        let used = encode(&new, &[BLANK_ENTRY], 2, crc32, &mut slot).unwrap_or(0);
        for (backwards, older) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut bytes = table();
            if older {
                let snapshot = Snapshot {
                    generation: 2,
                    ..SNAPSHOT
                };
                put(&mut bytes, 1, 0, &snapshot, &[BLANK_ENTRY; 2]);
            }
            let mut seen = state(&bytes).snapshot;
            assert_eq!(seen, Some(SNAPSHOT));
            let stores = publish(
                &slot[..used],
                HEADER_SIZE + SLOT,
                Services::NONE,
                Failed::default(),
                Some(SERVICES),
            );
            perform(&mut bytes, stores, backwards, |state| {
                assert!(state.snapshot == seen || state.snapshot == Some(new));
                seen = state.snapshot;
            });
            assert_eq!(seen, Some(new));
        }
    }

    #[test]
    fn a_new_map_ends_what_was_recorded_of_firmware() {
        let mut bytes = table();
        perform(
            &mut bytes,
            begin_call(3, 9, Some(SERVICES)).chain(record_fault(3, Some(SERVICES))),
            false,
            |_| (),
        );
        let failed = state(&bytes);
        assert_eq!(failed.latch, Latch::Faulted { service: 3 });
        let mut slot = [0; SLOT];
        slot.copy_from_slice(&bytes[HEADER_SIZE..HEADER_SIZE + SLOT]);
        let (none, failed) = (Services::NONE, Failed::default());
        let stores = publish(&slot, HEADER_SIZE + SLOT, none, failed, Some(SERVICES));
        // No stock kernel is let in before all marks are gone.
        perform(&mut bytes, stores, false, |state| {
            assert!(state.stock != SERVICES || state.latch == Latch::Clear);
        });
        assert_eq!(state(&bytes).stock, SERVICES);
    }

    #[test]
    fn a_failure_in_user_mode_denies_all_services() {
        for (in_service, services) in [(0, 0x10), (7, 0x42)] {
            let failed = Failed {
                in_service,
                services: Services::from_bits(services),
            };
            let mut bytes = table();
            let mark = in_service.max(5);
            perform(
                &mut bytes,
                begin_call(mark, 0, Some(SERVICES)),
                false,
                |_| (),
            );
            let recorded = record_failed(Some(SERVICES), failed);
            let denied = |state: State| assert_eq!(state.stock, service::NO_SUPPORT);
            perform(&mut bytes, recorded, false, denied);
            // A kernel that goes on in user mode leaves it so.
            let mut slot = [0; SLOT];
            slot.copy_from_slice(&bytes[HEADER_SIZE..HEADER_SIZE + SLOT]);
            let none = Services::NONE;
            let stores = publish(&slot, HEADER_SIZE + SLOT, none, failed, Some(SERVICES));
            perform(&mut bytes, stores, false, denied);
            let table = table_in(&bytes).map(|table| (table.failed(), table.latch()));
            let latch = match in_service {
                0 => Latch::Clear,
                service => Latch::Faulted { service },
            };
            assert_eq!(table, Ok((failed.services, latch)));
        }
    }

    #[test]
    fn a_call_is_in_progress_or_not() {
        let mut bytes = table();
        let before = state(&bytes);
        let in_call = Latch::InCall {
            service: 7,
            count: 10,
        };
        let begin = begin_call(7, 9, Some(SERVICES));
        perform(&mut bytes, begin, false, |state| {
            assert!(state.latch == Latch::Clear || state.latch == in_call);
            // Stock kernels are kept out first.
            assert_eq!(state.stock, service::NO_SUPPORT);
        });
        assert_eq!(state(&bytes).latch, in_call);
        let end = end_call(Some(SERVICES), Failed::default());
        perform(&mut bytes, end, false, |state| {
            assert_eq!(state.latch, Latch::Clear);
        });
        assert_eq!(state(&bytes), before);
    }

    #[test]
    fn a_fault_is_recorded_at_once() {
        let mut bytes = table();
        perform(&mut bytes, begin_call(7, 0, Some(SERVICES)), false, |_| ());
        let failed = Failed {
            in_service: 7,
            ..Failed::default()
        };
        let stores = record_fault(7, Some(SERVICES)).chain(end_call(Some(SERVICES), failed));
        perform(&mut bytes, stores, false, |state| {
            assert_eq!(state.latch, Latch::Faulted { service: 7 });
            assert_eq!(state.stock, service::NO_SUPPORT);
        });
    }

    #[test]
    fn stock_kernels_that_go_by_firmware_are_told_nothing() {
        let told = |store| matches!(store, Store::Word(PROPERTIES_SUPPORTED_OFFSET, _));
        assert!(!begin_call(1, 0, None).any(told));
        assert!(!end_call(None, Failed::default()).any(told));
        assert!(!record_fault(1, None).any(told));
    }
}
