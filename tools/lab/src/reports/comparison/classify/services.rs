// SPDX-License-Identifier: GPL-2.0
//! The services that work in one kernel, by the guest's own tests and its last actions, and by the
//! list of a kernel of ours.

use std::fmt;

use efi_rtmap_guest::plan::{kept, variable_content, Action};
use efi_rtmap_guest::report::{Facts, Variables};

use super::of_call;
use crate::machine::report::Told;
use crate::scenario::SERVICES;

/// The services that the guest's own tests do not call.
const UNTESTED: [&str; 3] = ["SetTime", "GetWakeupTime", "SetWakeupTime"];

#[derive(PartialEq, Eq)]
pub enum Services {
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

impl Services {
    /// Those before the actions.
    pub fn of(facts: &Facts) -> Self {
        let files = facts.rtmap.as_ref();
        let list = files.and_then(|files| files.get("services"));
        tested(facts).and_listed(list.map(String::as_str))
    }

    /// Those after the actions: the last list tells, or the last call. Firmware may lack its service.
    pub fn at_end(told: &Told, facts: &Facts) -> Self {
        let list = told.actions.iter().filter_map(list).next_back();
        if list.is_some() {
            return tested(facts).and_listed(list);
        }
        let last = told.actions.iter().filter_map(of_call).next_back();
        let answers = ["EFI_SUCCESS", "EFI_UNSUPPORTED"];
        let off_since = last.is_some_and(|text| !answers.iter().any(|word| text.contains(word)));
        match Self::of(facts) {
            Self::Work if off_since => Self::Off,
            services => services,
        }
    }

    /// Less those that the kernel's list does not name.
    fn and_listed(self, list: Option<&str>) -> Self {
        let Some(list) = list else {
            return self;
        };
        let names: Vec<&str> = list.split_ascii_whitespace().collect();
        let mut failed = match self {
            Self::Off => return Self::Off,
            _ if names == ["none"] => return Self::Off,
            Self::Work => Vec::new(),
            Self::But(failed) => failed,
        };
        let off = UNTESTED.iter().filter(|name| !names.contains(name));
        failed.extend(off);
        match failed.is_empty() {
            true => Self::Work,
            false => Self::But(failed),
        }
    }
}

/// The list of services that an action has read.
fn list((action, outcome): &(Action, Result<String, String>)) -> Option<&str> {
    match (action, outcome) {
        (Action::Read(path), Ok(text)) if path == SERVICES => text.split_once(": ").map(|(_, l)| l),
        _ => None,
    }
}

/// The results of the guest's own tests.
fn tested(facts: &Facts) -> Services {
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
