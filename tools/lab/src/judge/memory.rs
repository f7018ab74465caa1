// SPDX-License-Identifier: GPL-2.0
//! A kernel of ours has the memory that a stock kernel has.

use super::Judge;

/// The most that ours may have less: its code is larger, and there is the handover table.
const OURS_KIB: u64 = 2 << 10;

impl Judge<'_> {
    pub(super) fn memory(&mut self) {
        let twin = self.observed.twin;
        let Some(twin) = twin.and_then(|twin| twin.facts(self.generation)) else {
            return;
        };
        let facts = self.facts;
        for (name, ours, twins) in [
            ("MemTotal", facts.memory_kib, twin.memory_kib),
            ("System RAM", facts.ram_kib, twin.ram_kib),
        ] {
            self.expect(
                ours + OURS_KIB >= twins,
                || format!("{name} as in the twin, {twins} KiB"),
                format!("{ours} KiB"),
            );
        }
    }
}
