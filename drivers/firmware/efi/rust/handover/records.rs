// SPDX-License-Identifier: GPL-2.0

//! The table's words that a kernel writes while it runs: calls, failures, and firmware that is passed
//! on. They all lie in its header.

use super::table_memory::TableMemory;
use crate::plan::{
    firmware::service::Services,
    handover::{
        stores::{
            self,
            Failed,
            Store, //
        },
        stub::Nonce,
        wire::{
            allowed_offset,
            CALL_COUNT_OFFSET,
            FAILED_OFFSET,
            FAULTED_OFFSET,
            PASSED_OFFSET,
            USED_OFFSET, //
        },
    },
};

impl TableMemory {
    /// Makes the table one of the life of the firmware that has this `nonce`.
    pub(crate) fn renew(&self, nonce: Nonce) {
        self.mark(stores::renew(nonce));
    }

    /// Leaves the mark that a kernel has been here, for its successors.
    pub(crate) fn leave_mark(&self) {
        self.mark([Store::Word(USED_OFFSET, 1)].into_iter());
    }

    /// Counts this kernel as one that passes on what it has found. Returns whether there is a trace
    /// of one before it.
    pub(crate) fn pass_on(&self) -> bool {
        let passed = self.word(PASSED_OFFSET);
        self.mark([stores::pass_on(passed)].into_iter());
        passed != 0 || self.word(USED_OFFSET) != 0
    }

    /// Marks a call of `service` as in progress: a successor that finds the mark knows that this
    /// kernel stopped inside the firmware.
    pub(crate) fn begin_call(&self, service: u32) {
        let count = self.word(CALL_COUNT_OFFSET);
        self.mark(stores::begin_call(service, count, self.supported()));
    }

    /// Takes the mark away.
    pub(crate) fn end_call(&self) {
        let failed = Failed {
            in_service: self.word(FAULTED_OFFSET),
            services: Services::from_bits(self.word(FAILED_OFFSET)),
        };
        self.mark(stores::end_call(self.supported(), failed));
    }

    /// Records that firmware has faulted or hung in `service`: no successor calls it.
    pub(crate) fn record_fault(&self, service: u32) {
        self.mark(stores::record_fault(service, self.supported()));
    }

    /// Records that `services` have failed in user mode, which ends the call in progress. If it was in
    /// `in_service`, which writes, no kernel calls firmware with its own privilege.
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    pub(crate) fn record_failed(&self, services: Services, in_service: u32) {
        let failed = Failed {
            in_service: match self.word(FAULTED_OFFSET) {
                0 => in_service,
                earlier => earlier,
            },
            services,
        };
        self.mark(stores::record_failed(self.supported(), failed));
    }

    /// Records what firmware may use in user mode, as the word of this `number`.
    #[cfg_attr(not(CONFIG_EFI_RTMAP_USER), allow(dead_code))]
    pub(crate) fn record_allowed(&self, number: usize, word: u32) {
        self.mark([Store::Word(allowed_offset(number), word)].into_iter());
    }

    /// Tells stock kernels that firmware has no services, those that are loaded already included.
    /// They still find firmware's other tables.
    pub(crate) fn deny_services(&self) {
        self.mark(stores::deny_services(self.supported()));
    }

    /// Makes `stores` in their order. Those of a mark lie in the header, which is there.
    fn mark<'a>(&self, stores: impl Iterator<Item = Store<'a>>) {
        let _ = self.perform(stores);
    }
}
