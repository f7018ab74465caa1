// SPDX-License-Identifier: GPL-2.0
//! The runtime services work in every generation, or are off where that is expected.

use std::time::{SystemTime, UNIX_EPOCH};

use efi_rtmap_guest::plan::{variable_content, variable_name, VENDOR_GUID};
use efi_rtmap_guest::report::{Calls, Clock, Storage, Variables};

use super::Judge;
use crate::scenario::Origin;

const CLOCK_TOLERANCE_S: i64 = 5;

impl Judge<'_> {
    pub(super) fn variables(&mut self) {
        let facts = self.facts;
        let Some(variables) = self.worked("efivarfs", &facts.variables) else {
            return;
        };
        let Variables {
            listed_before,
            listed,
            held,
            written,
        } = variables;
        self.worked("writing a variable", written);
        for k in 0..=self.generation {
            if !self.steps[k].services() {
                continue;
            }
            let name = format!("{}-{VENDOR_GUID}", variable_name(k));
            let list = if k == self.generation {
                listed
            } else {
                listed_before
            };
            let found = list.contains(&name);
            self.expect(
                found,
                || format!("{name} to be listed"),
                format!("{list:?}"),
            );
            let wanted = String::from_utf8_lossy(&variable_content(k)).into_owned();
            let seen = held.get(k).cloned().unwrap_or(Err("nothing".into()));
            self.expect(
                seen.as_ref() == Ok(&wanted),
                || format!("{name} to hold {wanted:?}"),
                format!("{seen:?}"),
            );
        }
    }

    pub(super) fn storage(&mut self) {
        let facts = self.facts;
        if let Some(storage) = self.worked("QueryVariableInfo", &facts.storage) {
            let Storage {
                maximum,
                remaining,
                largest_variable,
            } = *storage;
            self.expect(
                remaining <= maximum && largest_variable > 0 && largest_variable <= maximum,
                || "sensible variable storage".into(),
                format!("{storage:?}"),
            );
        }
    }

    pub(super) fn clock(&mut self) {
        let facts = self.facts;
        if let Some(Clock { epoch, .. }) = self.worked("GetTime", &facts.clock) {
            let from = seconds(self.observed.started) - CLOCK_TOLERANCE_S;
            let to = seconds(self.observed.ended) + CLOCK_TOLERANCE_S;
            self.expect(
                (from..=to).contains(epoch),
                || format!("the firmware's clock between {from} and {to}"),
                epoch.to_string(),
            );
        }
    }

    /// Each call is marked in the handover table, which a successor goes by.
    pub(super) fn calls(&mut self) {
        let origin = self.step.expect.origin;
        if !matches!(origin, Some(Origin::Fresh | Origin::Handover)) {
            return;
        }
        let facts = self.facts;
        let Some(calls) = self.worked("reading the handover table", &facts.calls) else {
            return;
        };
        let Calls { count, in_progress } = *calls;
        let before = self.generation.checked_sub(1);
        let before = before.and_then(|k| self.observed.report.0.get(&k)?.facts.as_ref());
        let before = before.and_then(|facts| facts.calls.as_ref().ok());
        let before = before.map_or(0, |calls| calls.count);
        self.expect(
            count > before,
            || format!("more than {before} calls counted in the handover table"),
            count.to_string(),
        );
        self.expect(
            in_progress == 0,
            || "no call in progress".into(),
            format!("service {in_progress}"),
        );
    }

    pub(super) fn services_off(&mut self) {
        let facts = self.facts;
        // Services that went off after efivarfs was there leave its names.
        if let Ok(Variables { held, written, .. }) = &facts.variables {
            let worked = written.is_ok() || held.iter().any(Result::is_ok);
            self.expect(
                !worked,
                || "no variables: services are to be off".into(),
                format!("read {held:?}, written {written:?}"),
            );
        }
        if let Ok(clock) = &facts.clock {
            self.find("no GetTime: services are to be off", format!("{clock:?}"));
        }
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() as i64
}
