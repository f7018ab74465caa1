// SPDX-License-Identifier: GPL-2.0
//! The facts of one generation, each with its name.

use efi_rtmap_guest::report::Facts;
use efi_rtmap_plan::words;

use crate::machine::report::{privilege, Report, Told};
use crate::reports::facts::{clock, cost, file, variables, wx};
use crate::scenario::Step;

pub struct Fact {
    pub name: &'static str,
    pub value: String,
    /// A chain keeps it, so that a change is worth a mark.
    pub steady: bool,
}

/// The value in the generation before, if it was another and should not have been.
pub fn before<'a>(fact: &Fact, earlier: &'a [Fact]) -> Option<&'a str> {
    let old = earlier.iter().find(|old| old.name == fact.name)?;
    (fact.steady && old.value != fact.value).then_some(&old.value)
}

pub fn all(report: &Report, told: &Told, step: &Step) -> Vec<Fact> {
    let Some(facts) = &told.facts else {
        return Vec::new();
    };
    let mut all = ours(facts);
    all.extend([
        steady("kernel", facts.release.clone()),
        varying("started by", step.started_by()),
        varying("command line", facts.command_line.clone()),
        varying("variables", variables(facts)),
        varying(
            "firmware's clock",
            clock(facts).unwrap_or_else(|error| format!("{error:#}")),
        ),
        varying("GetTime", cost(facts)),
        steady("W+X ranges", wx(facts)),
        steady("runtime services at", address(&facts.runtime_services)),
        steady("firmware's tables", tables(report, facts)),
        steady("tainted", format!("{:#x}", facts.tainted)),
        varying(
            "calls so far",
            match &facts.handover {
                Ok(handover) => handover.calls.to_string(),
                Err(error) => error.clone(),
            },
        ),
    ]);
    all.extend(told.actions.iter().map(|(action, outcome)| {
        let said = match outcome {
            Ok(said) => said.clone(),
            Err(error) => format!("failed: {error}"),
        };
        varying("action", format!("{action:?}: {said}"))
    }));
    all
}

/// Those of a kernel with our map.
fn ours(facts: &Facts) -> Vec<Fact> {
    if facts.rtmap.is_none() {
        return vec![steady("map", "not ours".into())];
    }
    vec![
        steady("map", file(facts, "kind").into()),
        steady("origin", file(facts, "origin").into()),
        varying("reason", file(facts, "reason").into()),
        steady("SVAM", file(facts, "svam").into()),
        steady("privilege", privilege(facts).to_string()),
        steady("services", services(file(facts, "services"))),
        steady("regions", file(facts, "regions").into()),
        steady("faulted", file(facts, "faulted").into()),
    ]
}

fn services(on: &str) -> String {
    let on: Vec<&str> = on.split_ascii_whitespace().collect();
    let off: Vec<&str> = words::services()
        .filter(|name| !on.contains(name))
        .collect();
    match off.is_empty() {
        true => "all on".into(),
        false => format!("off: {}", off.join(" ")),
    }
}

fn tables(report: &Report, facts: &Facts) -> String {
    let changed: Vec<_> = report.changed_tables(facts).map(|(name, _)| name).collect();
    match changed.is_empty() {
        true => "as the first kernel found them".into(),
        false => format!("changed: {}", changed.join(" ")),
    }
}

fn address(outcome: &Result<u64, String>) -> String {
    match outcome {
        Ok(address) => format!("{address:#x}"),
        Err(error) => error.clone(),
    }
}

fn steady(name: &'static str, value: String) -> Fact {
    let steady = true;
    Fact {
        name,
        value,
        steady,
    }
}

fn varying(name: &'static str, value: String) -> Fact {
    let steady = false;
    Fact {
        name,
        value,
        steady,
    }
}
