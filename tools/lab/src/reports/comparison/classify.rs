// SPDX-License-Identifier: GPL-2.0
//! The fate of a chain of kernels, in a few words: of any kernels, without regard to expectations.

#[cfg(test)]
mod tests;

use std::fmt;

use efi_rtmap_guest::plan::{kept, variable_content, Action};
use efi_rtmap_guest::report::{Facts, Variables, TABLES};
use efi_rtmap_orders::Event;

use crate::machine::console;
use crate::machine::report::{Report, Told};
use crate::machine::End;
use crate::runner::Run;

/// `TAINT_FIRMWARE_WORKAROUND`, as a bit.
const TAINT_FIRMWARE: u64 = 1 << 11;

const CALLS_FAILED: &str = "calls firmware that has failed";

/// The remains of a chain.
pub struct Seen<'a> {
    pub report: &'a Report,
    pub console: &'a str,
    pub end: &'a End,
    pub firmware: &'a [Event],
}

impl<'a> From<&'a Run> for Seen<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            report: &run.report,
            console: &run.console,
            end: &run.end,
            firmware: run.firmware.as_deref().unwrap_or_default(),
        }
    }
}

impl Seen<'_> {
    /// `works`, or `kernel 0: works; kernel 1: panic`.
    pub fn chain(&self, generations: usize) -> String {
        let mut each: Vec<String> = Vec::new();
        for k in 0..generations {
            let Some(console) = console::of_generation(self.console, k) else {
                if k == 0 {
                    each.push("does not boot".into());
                }
                break;
            };
            each.push(self.generation(k, console));
        }
        let mut told = grouped(&each);
        let svam = self.firmware.iter();
        let svam = svam.filter(|event| matches!(event, Event::Svam { .. }));
        if svam.count() > 1 {
            told += "; SVAM called again";
        }
        told
    }

    fn generation(&self, k: usize, console: &str) -> String {
        let told = self.report.0.get(&k);
        let log = told.map_or(&[][..], |told| &told.log);
        let said =
            |part: &str| console.contains(part) || log.iter().any(|line| line.contains(part));
        let mut words: Vec<String> = Vec::new();
        if ["Oops", "BUG: "].into_iter().any(said) {
            words.push("oops".into());
        }
        if said("wedged in firmware") {
            words.push("waits for firmware that hangs".into());
        }
        if let Some((told, facts)) = self.at_end(k) {
            words.extend(of_facts(told, facts));
            words.extend(self.of_tables(facts));
        }
        if self.calls_failed(k) {
            words.push(CALLS_FAILED.into());
        }
        if !told.is_some_and(|told| told.left) {
            words.push(self.stopped(said("Kernel panic")).into());
        }
        words.join(", ")
    }

    /// The facts of firmware's tables that are not as in the first kernel.
    fn of_tables(&self, facts: &Facts) -> Option<String> {
        let changed: Vec<&str> = self
            .report
            .changed_tables(facts)
            .map(|(name, _)| name)
            .collect();
        let other = TABLES
            .iter()
            .filter(|(_, directory)| changed.iter().any(|name| name.starts_with(directory)));
        let other: Vec<&str> = other.map(|(name, _)| *name).collect();
        (!other.is_empty()).then(|| format!("lost or changed: {}", other.join(", ")))
    }

    fn stopped(&self, panic: bool) -> &'static str {
        match self.end {
            _ if panic => "panic",
            End::TimedOut(_) => "hangs",
            End::Exited | End::Failed(_) | End::Stopped(_) => "stops",
        }
    }

    /// The facts of generation `k`, if it came to its end: no service of one that did not is of use to
    /// anybody.
    fn at_end(&self, k: usize) -> Option<(&Told, &Facts)> {
        let told = self.report.0.get(&k).filter(|told| told.left)?;
        Some((told, told.facts.as_ref()?))
    }

    /// Tells if all services work in generation `k`, and firmware is one to call.
    pub fn works(&self, k: usize) -> bool {
        let at_end = self.at_end(k);
        let services = at_end.map(|(told, facts)| services_at_end(told, facts));
        matches!(services, Some(Services::Work)) && !self.calls_failed(k)
    }

    /// Tells if generation `k` calls firmware that has failed an earlier one.
    fn calls_failed(&self, k: usize) -> bool {
        if !self.failures().any(|generation| generation < k) {
            return false;
        }
        let told = self.report.0.get(&k);
        let facts = told.and_then(|told| told.facts.as_ref());
        self.failures().any(|generation| generation == k)
            || facts.is_some_and(|facts| !matches!(services(facts), Services::Off))
    }

    /// The generations in which firmware has failed, as the driver or a caller tells.
    fn failures(&self) -> impl Iterator<Item = usize> + use<'_> {
        let faults = self.firmware.iter().filter_map(|event| match event {
            Event::Fault {
                what, generation, ..
            } if what.never_returns() => Some(usize::from(*generation)),
            _ => None,
        });
        let aborted = self.report.0.iter().filter(|(_, told)| is_aborted(told));
        faults.chain(aborted.map(|(generation, _)| *generation))
    }
}

/// Tells if a call has been ended in firmware.
fn is_aborted(told: &Told) -> bool {
    let mut calls = told.actions.iter().filter_map(of_call);
    calls.any(|text| text.contains("EFI_ABORTED"))
}

/// The results of services, in the guest's own tests and for its actions.
fn of_facts(told: &Told, facts: &Facts) -> Vec<String> {
    let mut words = Vec::new();
    if is_aborted(told) {
        words.push("EFI_ABORTED".into());
    }
    words.push(services_at_end(told, facts).to_string());
    words.extend(told.actions.iter().filter_map(of_crash_kernel));
    if facts.tainted & TAINT_FIRMWARE != 0 {
        words.push("firmware blamed".into());
    }
    if let Ok(mappings) = &facts.page_tables {
        let count = mappings.iter().filter(|m| m.write_and_execute()).count();
        if count > 0 {
            words.push(format!("W+X ranges: {count}"));
        }
    }
    words
}

/// The services after the actions.
fn services_at_end(told: &Told, facts: &Facts) -> Services {
    let last = told.actions.iter().filter_map(of_call).next_back();
    let off_since = last.is_some_and(|text| !text.contains("EFI_SUCCESS"));
    match services(facts) {
        Services::Work if off_since => Services::Off,
        services => services,
    }
}

fn of_call((action, outcome): &(Action, Result<String, String>)) -> Option<&str> {
    match (action, outcome) {
        (Action::Call(_), Ok(text) | Err(text)) => Some(text),
        _ => None,
    }
}

/// The remains of the kernel that crashed.
fn of_crash_kernel((action, outcome): &(Action, Result<String, String>)) -> Option<String> {
    let words = match (action, outcome) {
        (Action::ReadDump, Ok(_)) => "dump complete",
        (Action::ReadDump, Err(_)) => "no dump",
        (Action::ReadPstore, Ok(_)) => "log of the crash in variables",
        (Action::ReadPstore, Err(_)) => "no log of the crash in variables",
        _ => return None,
    };
    Some(words.into())
}

enum Services {
    Work,
    But(Vec<&'static str>),
    Off,
}

impl fmt::Display for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work => f.write_str("works"),
            Self::But(failed) => write!(f, "works but for {}", failed.join(", ")),
            Self::Off => f.write_str("services off"),
        }
    }
}

fn services(facts: &Facts) -> Services {
    let variables = facts.variables.as_ref().ok();
    let each = [
        ("listing variables", variables.is_some()),
        (
            "reading variables",
            variables.is_some_and(|variables| reads(facts.generation, variables)),
        ),
        (
            "writing variables",
            variables.is_some_and(|variables| variables.written.is_ok()),
        ),
        ("QueryVariableInfo", facts.storage.is_ok()),
        ("GetTime", facts.clock.is_ok()),
    ];
    let failed: Vec<&str> = each
        .iter()
        .filter(|(_, works)| !works)
        .map(|(name, _)| *name)
        .collect();
    // Names stay in efivarfs when services go off.
    match failed.len() {
        0 => Services::Work,
        4.. if failed != ["listing variables"] => Services::Off,
        _ => Services::But(failed),
    }
}

/// Tells if a variable reads as an earlier generation, or this one, has written it.
fn reads(generation: usize, variables: &Variables) -> bool {
    let written = kept(generation, false).into_iter().map(variable_content);
    let held = variables.held.iter();
    held.zip(written)
        .any(|(held, written)| held.as_ref().is_ok_and(|held| held.as_bytes() == written))
}

/// Generations that went alike are told together.
fn grouped(each: &[String]) -> String {
    let mut groups: Vec<(usize, usize, &str)> = Vec::new();
    for (k, words) in each.iter().enumerate() {
        match groups.last_mut() {
            Some((_, last, before)) if before == words => *last = k,
            _ => groups.push((k, k, words)),
        }
    }
    if let [(_, _, words)] = groups[..] {
        return words.to_string();
    }
    let told: Vec<String> = groups
        .iter()
        .map(|(first, last, words)| match last - first {
            0 => format!("kernel {first}: {words}"),
            _ => format!("kernels {first} to {last}: {words}"),
        })
        .collect();
    told.join("; ")
}
