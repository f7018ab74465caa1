// SPDX-License-Identifier: GPL-2.0

//! The way into the task that firmware runs in, and the memory that the kernel shares with it.

use crate::{
    call::inside::Inside,
    ffi::{
        self,
        user::{
            Block,
            ROOM, //
        },
    },
    plan::user::{
        arguments::Place,
        calling::Memory,
        verdict::End, //
    },
};

/// The shared memory, while firmware is this thread's alone.
///
/// # Invariants
///
/// No other value of this type is there: [`Inside`] ensures this. The task is in no call, except
/// within [`Self::run`].
pub(crate) struct Access {
    block: &'static Block,
    inside: Inside,
}

impl Access {
    pub(super) fn new(block: &'static Block, inside: Inside) -> Self {
        // INVARIANT: There is one `Inside` at a time. A call that goes on leaves it occupied.
        Self { block, inside }
    }

    /// Makes a call. [`None`] stands for a call that goes on without this thread.
    pub(super) fn run(self, call: &ffi::user::Call) -> (Option<Self>, End) {
        // SAFETY: This thread is inside firmware.
        match unsafe { ffi::user::run(call) } {
            End::GivenUp => {
                self.inside.leave_occupied();
                (None, End::GivenUp)
            }
            // INVARIANT: The call has ended.
            end => (Some(self), end),
        }
    }
}

impl Memory for Access {
    fn room(&self) -> usize {
        ROOM
    }

    fn address_of(&self, place: Place) -> u64 {
        self.block.address_of(place)
    }

    fn clear(&mut self, place: Place) {
        // SAFETY: By the type invariants.
        unsafe { self.block.clear(place) };
    }

    fn write(&mut self, place: Place, bytes: &[u8]) {
        // SAFETY: By the type invariants.
        unsafe { self.block.write(place, bytes) };
    }

    fn read(&self, place: Place, target: &mut [u8]) {
        // SAFETY: By the type invariants.
        unsafe { self.block.read(place, target) };
    }
}
