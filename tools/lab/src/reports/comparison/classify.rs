// SPDX-License-Identifier: GPL-2.0
//! The fate of a chain of kernels, in a few words: of any kernels, without regard to expectations.

mod rank;
mod services;
#[cfg(test)]
mod tests;

use efi_rtmap_guest::plan::Action;
use efi_rtmap_guest::report::{Facts, TABLES};
use efi_rtmap_orders::Event;

use crate::machine::console;
use crate::machine::report::{privilege, Report, Told};
use crate::machine::End;
use crate::runner::Run;
use crate::words::Privilege;
use services::Services;

/// `TAINT_FIRMWARE_WORKAROUND`, as a bit.
const TAINT_FIRMWARE: u64 = 1 << 11;

const CALLS_FAILED: &str = "calls firmware that has failed";
const CALLS_FAILED_IN_USER_MODE: &str = "firmware that has failed is called in user mode only";

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
            if console::of_generation(self.console, k).is_none() {
                if k == 0 {
                    each.push("does not boot".into());
                }
                break;
            }
            each.push(self.generation(k));
        }
        let mut told = grouped(&each);
        let svam = self.firmware.iter();
        let svam = svam.filter(|event| matches!(event, Event::Svam { .. }));
        if svam.count() > 1 {
            told += "; SVAM called again";
        }
        told
    }

    fn generation(&self, k: usize) -> String {
        let told = self.report.0.get(&k);
        let mut words = self.harm(k);
        if let Some((told, facts)) = self.at_end(k) {
            words.extend(of_facts(told, facts));
            words.extend(self.of_tables(facts));
        }
        match self.calls_failed(k) {
            Some(Privilege::Kernel) => words.push(CALLS_FAILED.into()),
            Some(Privilege::User) => words.push(CALLS_FAILED_IN_USER_MODE.into()),
            None => {}
        }
        if !told.is_some_and(|told| told.left) {
            words.push(self.stopped(self.said(k, "Kernel panic")).into());
        }
        words.join(", ")
    }

    /// Tells if generation `k` has a part of a line on the console or in its log.
    fn said(&self, k: usize, part: &str) -> bool {
        let console = console::of_generation(self.console, k);
        let told = self.report.0.get(&k);
        let log = told.map_or(&[][..], |told| &told.log);
        console.is_some_and(|console| console.contains(part))
            || log.iter().any(|line| line.contains(part))
    }

    /// The damage that a kernel may survive.
    fn harm(&self, k: usize) -> Vec<String> {
        let mut words = Vec::new();
        if ["Oops", "BUG: "].into_iter().any(|part| self.said(k, part)) {
            words.push("oops".into());
        }
        if self.said(k, "wedged in firmware") {
            words.push("waits for firmware that hangs".into());
        }
        words
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
        let services = at_end.map(|(told, facts)| Services::at_end(told, facts));
        services == Some(Services::Work) && self.calls_failed(k).is_none()
    }

    /// The privilege with which generation `k` calls firmware that has failed an earlier one.
    fn calls_failed(&self, k: usize) -> Option<Privilege> {
        if !self.failures().any(|generation| generation < k) {
            return None;
        }
        let told = self.report.0.get(&k);
        let facts = told.and_then(|told| told.facts.as_ref());
        let calls = self.failures().any(|generation| generation == k)
            || facts.is_some_and(|facts| Services::of(facts) != Services::Off);
        calls.then(|| facts.map_or(Privilege::Kernel, privilege))
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
    let services = Services::at_end(told, facts);
    words.push(services.to_string());
    if services != Services::Off && is_without_user_mode(facts) {
        words.push("not in user mode".into());
    }
    words.extend(told.actions.iter().filter_map(of_crash_kernel));
    if facts.tainted & TAINT_FIRMWARE != 0 {
        words.push("firmware blamed".into());
    }
    match wx_ranges(facts) {
        0 => {}
        count => words.push(format!("W+X ranges: {count}")),
    }
    words
}

fn wx_ranges(facts: &Facts) -> usize {
    let mappings = facts.page_tables.iter().flatten();
    mappings.filter(|m| m.write_and_execute()).count()
}

/// Tells if user mode was asked for in vain.
fn is_without_user_mode(facts: &Facts) -> bool {
    facts.command_line.contains("rtmap:user") && privilege(facts) == Privilege::Kernel
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

/// Generations that went alike are told together.
pub fn grouped(each: &[String]) -> String {
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
