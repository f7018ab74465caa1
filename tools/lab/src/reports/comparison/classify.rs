// SPDX-License-Identifier: GPL-2.0
//! What became of a chain of kernels, in a few words: of any kernels, whatever was expected.

#[cfg(test)]
mod tests;

use efi_rtmap_guest::plan::Action;
use efi_rtmap_guest::report::{Facts, TABLES};
use efi_rtmap_orders::{Event, What};

use crate::machine::console;
use crate::machine::report::{Report, Told};
use crate::machine::End;
use crate::runner::Run;

/// `TAINT_FIRMWARE_WORKAROUND`, as a bit.
const TAINT_FIRMWARE: u64 = 1 << 11;

/// What a chain left behind.
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
        // What worked before the end is of no use to anybody.
        let left = told.filter(|told| told.left);
        if let Some((told, facts)) = left.and_then(|told| Some((told, told.facts.as_ref()?))) {
            words.extend(of_facts(told, facts));
            words.extend(self.of_tables(facts));
        }
        if self.faulted_before(k) {
            words.push("calls firmware again that faulted".into());
        }
        if left.is_none() {
            words.push(self.stopped(said("Kernel panic")).into());
        }
        words.join(", ")
    }

    /// What firmware tells in tables that is not there as in the first kernel.
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

    /// It did what no sane kernel would let it do twice, for an earlier generation and for this one.
    fn faulted_before(&self, k: usize) -> bool {
        let mut of = self.firmware.iter().filter_map(|event| match event {
            Event::Fault {
                what, generation, ..
            } if deadly(*what) => Some(usize::from(*generation)),
            _ => None,
        });
        let before = of.clone().any(|generation| generation < k);
        before && of.any(|generation| generation == k)
    }
}

fn deadly(what: What) -> bool {
    matches!(
        what,
        What::PageFault
            | What::GeneralProtection
            | What::UndefinedInstruction
            | What::DivideError
            | What::Breakpoint
            | What::UnalignedJump
            | What::Hang
    )
}

/// What services did, in the guest's own tests and for its actions.
fn of_facts(told: &Told, facts: &Facts) -> Vec<String> {
    let mut words = Vec::new();
    let calls: Vec<&str> = told.actions.iter().filter_map(of_call).collect();
    if calls.iter().any(|text| text.contains("EFI_ABORTED")) {
        words.push("EFI_ABORTED".into());
    }
    let off_since = calls
        .last()
        .is_some_and(|text| !text.contains("EFI_SUCCESS"));
    words.push(match services(facts) {
        Services::Work if off_since => "services off".into(),
        Services::Work => "works".into(),
        Services::Off => "services off".into(),
        Services::But(failed) => format!("works but for {}", failed.join(", ")),
    });
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

fn of_call((action, outcome): &(Action, Result<String, String>)) -> Option<&str> {
    match (action, outcome) {
        (Action::Call(_), Ok(text) | Err(text)) => Some(text),
        _ => None,
    }
}

/// What is left of the kernel that crashed.
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

fn services(facts: &Facts) -> Services {
    let variables = facts.variables.as_ref().ok();
    let each = [
        ("listing variables", variables.is_some()),
        (
            "reading variables",
            variables.is_some_and(|variables| variables.held.iter().any(Result::is_ok)),
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
