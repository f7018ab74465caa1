// SPDX-License-Identifier: GPL-2.0
//! The runtime services work in every generation, or are off where that is expected.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use efi_rtmap_guest::plan::{kept, variable_content, variable_name, VENDOR_GUID};
use efi_rtmap_guest::report::{Clock, Handover, Outcome, Storage, Variables};

use super::Judge;
use crate::scenario::Check;
use crate::words::Origin;

const CLOCK_TOLERANCE_S: i64 = 5;

impl Judge<'_> {
    pub(super) fn variables(&mut self) {
        let facts = self.facts;
        let variables = match &facts.variables {
            Ok(variables) => variables,
            Err(error) => {
                let wanted = [Check::List, Check::Read, Check::Write];
                let wanted = wanted.into_iter().any(|check| self.works(check));
                self.expect(!wanted, || "efivarfs to work".into(), error);
                return;
            }
        };
        self.wanted(Check::Write, "writing a variable", &variables.written);
        let kept = kept(self.generation, self.scenario.soak);
        for (place, k) in kept.into_iter().enumerate() {
            if self.steps[k].expect.works(Check::Write) {
                self.listed(k, variables);
                self.held(k, variables.held.get(place));
            }
        }
        self.forgotten(variables);
    }

    /// A deleted variable stays away.
    fn forgotten(&mut self, variables: &Variables) {
        let names: Vec<String> = kept(self.generation, self.scenario.soak)
            .into_iter()
            .map(|k| format!("{}-{VENDOR_GUID}", variable_name(k)))
            .collect();
        let other = variables.listed.iter().find(|name| !names.contains(name));
        if let Some(other) = other {
            self.find("no variable but those that are kept", other);
        }
    }

    /// Names stay in efivarfs when services go off later, so that they prove nothing then.
    fn listed(&mut self, k: usize, variables: &Variables) {
        if !self.works(Check::List) {
            return;
        }
        let name = format!("{}-{VENDOR_GUID}", variable_name(k));
        let list = if k == self.generation {
            &variables.listed
        } else {
            &variables.listed_before
        };
        let found = list.contains(&name);
        self.expect(
            found,
            || format!("{name} to be listed"),
            format!("{list:?}"),
        );
    }

    fn held(&mut self, k: usize, seen: Option<&Outcome<String>>) {
        let name = variable_name(k);
        let wanted = String::from_utf8_lossy(&variable_content(k)).into_owned();
        let seen = seen.cloned().unwrap_or(Err("nothing".into()));
        let what = format!("reading {name}");
        if let Some(seen) = self.wanted(Check::Read, &what, &seen) {
            self.expect(
                *seen == wanted,
                || format!("{name} to hold {wanted:?}"),
                seen,
            );
        }
    }

    pub(super) fn storage(&mut self) {
        let facts = self.facts;
        if let Some(storage) = self.wanted(Check::Storage, "QueryVariableInfo", &facts.storage) {
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
        if let Some(Clock { epoch, .. }) = self.wanted(Check::Clock, "GetTime", &facts.clock) {
            let from = seconds(self.observed.started) - CLOCK_TOLERANCE_S;
            let to = seconds(self.observed.ended) + CLOCK_TOLERANCE_S;
            self.expect(
                (from..=to).contains(epoch),
                || format!("the firmware's clock between {from} and {to}"),
                epoch.to_string(),
            );
        }
    }

    pub(super) fn works(&self, check: Check) -> bool {
        self.step.expect.works(check)
    }

    /// The value, if it must be there; otherwise it must not.
    fn wanted<'t, T: Debug>(
        &mut self,
        check: Check,
        what: &str,
        outcome: &'t Outcome<T>,
    ) -> Option<&'t T> {
        if self.works(check) {
            return self.worked(what, outcome);
        }
        if let Ok(value) = outcome {
            self.find(format!("{what} not to work"), format!("{value:?}"));
        }
        None
    }

    /// Each call is marked in the handover table, which a successor goes by.
    pub(super) fn calls(&mut self) {
        let origin = self.step.expect.origin;
        if self.step.expect.services_off()
            || !matches!(origin, Some(Origin::Fresh | Origin::Handover))
        {
            return;
        }
        let facts = self.facts;
        let Some(table) = self.worked("reading the handover table", &facts.handover) else {
            return;
        };
        let Handover {
            calls, in_progress, ..
        } = *table;
        let before = self.generation.checked_sub(1);
        let before = before.and_then(|k| self.observed.report.facts(k));
        let before = before.and_then(|facts| facts.handover.as_ref().ok());
        let before = before.map_or(0, |table| table.calls);
        self.expect(
            calls > before,
            || format!("more than {before} calls counted in the handover table"),
            calls.to_string(),
        );
        // The mark of a call that never came back stays.
        let faulted = self.step.expect.faulted == Some(true);
        self.expect(
            in_progress == 0 || faulted,
            || "no call in progress".into(),
            format!("service {in_progress}"),
        );
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() as i64
}
