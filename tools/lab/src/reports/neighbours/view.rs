// SPDX-License-Identifier: GPL-2.0
//! The firmware in the view of one kernel of a chain, in a few words.

use std::fmt;

use efi_rtmap_guest::report::{Facts, Variables};
use serde::{Deserialize, Serialize};

use crate::machine::report::Report;

/// A kernel that was never heard of.
const SILENT: &str = "does not report";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    words: String,
    /// The number of things that work, to compare the same place of two chains.
    pub rank: usize,
}

impl View {
    pub fn of(report: &Report, k: usize) -> Self {
        let told = report.0.get(&k);
        let Some(facts) = told.and_then(|told| told.facts.as_ref()) else {
            return Self {
                words: SILENT.into(),
                rank: 0,
            };
        };
        let before = k.checked_sub(1).and_then(|before| report.facts(before));
        let changed = report.changed_tables(facts).count();
        let mut words = vec![map(facts, before), variables(facts, k)];
        if changed > 0 {
            words.push(format!("{changed} tables lost or changed"));
        }
        let left = told.is_some_and(|told| told.left);
        if !left {
            words.push("stops".into());
        }
        let working = [
            facts.clock.is_ok(),
            facts.storage.is_ok(),
            changed == 0,
            left,
        ];
        let kept = facts.variables.as_ref().map_or(0, kept);
        Self {
            words: words.join(", "),
            rank: 1 + kept + working.into_iter().filter(|works| *works).count(),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The kind of map by its addresses, and its origin if the kernel tells.
fn map(facts: &Facts, before: Option<&Facts>) -> String {
    let Ok(regions) = &facts.runtime_map else {
        return "map not shown".into();
    };
    let at_home = |only: bool| {
        regions
            .iter()
            .all(|region| (region.phys == region.virt) == only)
    };
    let kind = match (at_home(true), at_home(false)) {
        (true, _) => "1:1",
        (_, true) => "fixed",
        _ => "mixed",
    };
    let origin = facts.rtmap.as_ref().and_then(|files| files.get("origin"));
    let origin = origin.map_or(String::new(), |origin| format!(" ({origin})"));
    let before = before.and_then(|facts| facts.runtime_map.as_ref().ok());
    let other = match before {
        Some(before) if before != regions => ", not that of the kernel before",
        _ => "",
    };
    format!("{kind}{origin}{other}")
}

/// The variables of all kernels up to this one, its own included.
fn variables(facts: &Facts, k: usize) -> String {
    match &facts.variables {
        Ok(variables) if kept(variables) == k + 1 => "all variables".into(),
        Ok(variables) => format!("{} of {} variables", kept(variables), k + 1),
        Err(_) => "no variables".into(),
    }
}

fn kept(variables: &Variables) -> usize {
    let held = variables.held.iter().filter(|held| held.is_ok());
    held.count().min(variables.listed.len())
}
