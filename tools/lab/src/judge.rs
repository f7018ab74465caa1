// SPDX-License-Identifier: GPL-2.0
//! Compares what the generations of a chain told with what was expected of them.

mod firmware;
pub mod log;
mod maps;
mod memory;
mod modelled;
mod secure_boot;
mod services;
mod tables;
#[cfg(test)]
pub mod tests;

use std::fmt;
use std::time::SystemTime;

use efi_rtmap_guest::report::{Facts, Outcome};
use efi_rtmap_orders::{Event, Service};
use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::machine::report::{Report, Told};
use crate::machine::{ballast, End};
use crate::scenario::{KnownFailure, Scenario, Step};
use crate::words::{Kind, YesNo};

/// `TAINT_FIRMWARE_WORKAROUND`, as a bit.
const TAINT_FIRMWARE: u64 = 1 << 11;

/// One expectation that was not met.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    pub generation: Option<usize>,
    pub expected: String,
    pub seen: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.generation {
            Some(generation) => write!(f, "generation {generation}: ")?,
            None => write!(f, "machine: ")?,
        }
        write!(f, "expected {}, seen {}", self.expected, self.seen)
    }
}

/// The lab's knowledge of a run.
pub struct Observed<'a> {
    pub arch: &'a Arch,
    pub report: &'a Report,
    pub console: &'a str,
    pub end: &'a End,
    pub started: SystemTime,
    pub ended: SystemTime,
    /// The report of the twin that `same-as` asks for.
    pub twin: Option<&'a Report>,
    /// The hostile driver's messages, if it is there.
    pub firmware: Option<&'a [Event]>,
}

pub fn judge(scenario: &Scenario, observed: &Observed<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for k in 0..scenario.kernel.len() {
        findings.extend(generation(scenario, observed, k));
        // Those after it have told nothing either.
        if observed.report.facts(k).is_none() {
            break;
        }
    }
    findings.extend(chain(scenario, observed));
    findings.extend(end(observed.end));
    findings
}

/// The findings of one generation.
pub fn generation(scenario: &Scenario, observed: &Observed<'_>, k: usize) -> Vec<Finding> {
    let told = observed.report.0.get(&k);
    let Some((told, facts)) = told.and_then(|told| Some((told, told.facts.as_ref()?))) else {
        let last = observed
            .console
            .lines()
            .rfind(|line| !line.trim().is_empty());
        let errors = told.map(|told| told.errors.join("; ") + "; ");
        let errors = errors.unwrap_or_default();
        return vec![Finding {
            generation: Some(k),
            expected: "a report of this generation".into(),
            seen: format!("none; {errors}console ends with {:?}", last.unwrap_or("")),
        }];
    };
    let mut judge = Judge {
        scenario,
        generation: k,
        step: &scenario.kernel[k],
        steps: &scenario.kernel,
        observed,
        told,
        facts,
        findings: Vec::new(),
    };
    judge.all();
    judge.findings
}

/// The findings of all generations so far together.
pub fn chain(scenario: &Scenario, observed: &Observed<'_>) -> Vec<Finding> {
    let events = observed.firmware;
    let findings = events.map(|events| firmware::chain(scenario, observed.report, events));
    findings.unwrap_or_default()
}

/// The finding of the machine's end.
pub fn end(end: &End) -> Option<Finding> {
    (*end != End::Exited).then(|| Finding {
        generation: None,
        expected: "power off by the guest".into(),
        seen: end.to_string(),
    })
}

/// That a chain failed is not enough: it must be the failure that is known.
pub fn is_known(finding: &Finding, known: &KnownFailure) -> bool {
    let words = known.last_words.as_ref();
    finding.generation == Some(known.generation)
        && known
            .unmet
            .iter()
            .any(|part| finding.expected.contains(part))
        && words.is_none_or(|words| finding.seen.contains(words))
}

struct Judge<'a> {
    scenario: &'a Scenario,
    generation: usize,
    step: &'a Step,
    steps: &'a [Step],
    observed: &'a Observed<'a>,
    told: &'a Told,
    facts: &'a Facts,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    fn all(&mut self) {
        self.ballast(self.scenario.ballast_mib);
        let image = self.step.image;
        let release = &self.facts.release;
        self.expect(
            image.is_release(release, self.observed.arch.debian),
            || format!("kernel {image}"),
            release,
        );
        for error in &self.told.errors {
            self.find("no error in the guest", error);
        }
        self.expect(
            self.told.left,
            || "the guest to go on from here".into(),
            "it did not",
        );
        for (action, outcome) in &self.told.actions {
            if let Err(error) = outcome {
                self.find(format!("{action:?} to work"), error);
            }
        }
        if let Some(wanted) = self.step.expect.five_level {
            let seen = self.facts.five_level;
            self.expect(
                seen == (wanted == YesNo::Yes),
                || format!("five levels of page tables: {wanted}"),
                seen.to_string(),
            );
        }
        self.taint();
        self.rtmap();
        self.page_tables();
        self.runtime_map();
        self.memory();
        self.modelled();
        self.tables();
        self.secure_boot();
        self.converted();
        self.variables();
        self.storage();
        self.clock();
        self.calls();
        self.firmware();
        self.log();
    }

    fn find(&mut self, expected: impl Into<String>, seen: impl Into<String>) {
        self.findings.push(Finding {
            generation: Some(self.generation),
            expected: expected.into(),
            seen: seen.into(),
        });
    }

    fn expect(&mut self, met: bool, expected: impl FnOnce() -> String, seen: impl Into<String>) {
        if !met {
            self.find(expected(), seen);
        }
    }

    /// The outcome's value; a failure is a finding.
    fn worked<'t, T>(&mut self, what: &str, outcome: &'t Outcome<T>) -> Option<&'t T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                self.find(format!("{what} to work"), error);
                None
            }
        }
    }

    fn rtmap(&mut self) {
        let Some(files) = &self.facts.rtmap else {
            let on = self.step.rtmap_on() && !self.step.expect.untold;
            self.expect(!on, || "an rtmap directory in sysfs".into(), "none");
            return;
        };
        if !self.step.rtmap_on() || self.step.expect.untold {
            self.find("no rtmap directory in sysfs", format!("{files:?}"));
            return;
        }
        let expect = &self.step.expect;
        let wanted = [
            ("kind", expect.kind.map(|word| word.to_string())),
            ("origin", expect.origin.map(|word| word.to_string())),
            ("svam", expect.svam.map(|word| word.to_string())),
            ("privilege", expect.privilege.map(|word| word.to_string())),
            ("requested", expect.requested.map(|word| word.to_string())),
            (
                "generation",
                expect.generation.map(|number| number.to_string()),
            ),
            (
                "shared_pages",
                expect.shared_pages.map(|number| number.to_string()),
            ),
            ("services", expect.without.as_deref().map(all_but)),
            (
                "faulted",
                expect.faulted().map(|seen| u8::from(seen).to_string()),
            ),
        ];
        for (file, wanted) in wanted {
            let seen = files.get(file).map_or("no such file", String::as_str);
            if let Some(wanted) = wanted {
                self.expect(seen == wanted, || format!("{file} {wanted}"), seen);
            }
        }
        if let Some(part) = &expect.reason {
            let seen = files.get("reason").map_or("no such file", String::as_str);
            self.expect(
                seen.contains(part),
                || format!("a reason with {part:?}"),
                seen,
            );
        }
        if let Some(kind) = expect.kind.filter(|kind| *kind != Kind::None) {
            let regions = files.get("regions").map_or("no such file", String::as_str);
            let some = regions.parse::<u32>().is_ok_and(|count| count > 0);
            self.expect(some, || "a number of regions".into(), regions);
            let line = self.told.boot_line(&kind.to_string());
            let wanted = || format!("a boot line that names {kind}");
            self.expect(line.is_some(), wanted, "no such line");
        }
    }

    fn taint(&mut self) {
        if let Some(wanted) = self.step.expect.tainted() {
            let seen = self.facts.tainted;
            self.expect(
                (seen & TAINT_FIRMWARE != 0) == wanted,
                || format!("the kernel tainted by firmware: {wanted}"),
                format!("{seen:#x}"),
            );
        }
    }

    fn ballast(&mut self, mebibytes: u32) {
        if mebibytes > 0 {
            let wanted = Some(crc32fast::hash(&ballast(mebibytes)));
            let seen = self.facts.ballast;
            self.expect(
                seen == wanted,
                || format!("the initrd's ballast intact, {wanted:x?}"),
                format!("{seen:x?}"),
            );
        }
    }
}

/// The names of the services that kernels call, with spaces between them, without those that are
/// `off`.
fn all_but(off: &[Service]) -> String {
    let never = [Service::SetVirtualAddressMap, Service::ConvertPointer];
    let on = Service::ALL
        .iter()
        .filter(|service| !never.contains(service) && !off.contains(service));
    let names: Vec<String> = on.map(|service| format!("{service:?}")).collect();
    names.join(" ")
}
