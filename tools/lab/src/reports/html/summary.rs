// SPDX-License-Identifier: GPL-2.0
//! The part of a run that the index shows.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::judge::Finding;
use crate::machine::report::{privilege, Told};
use crate::reports::facts::file;
use crate::runner::{Outcome, Run};
use crate::scenario::{Scenario, Step};
use crate::words::Privilege;

#[derive(Serialize, Deserialize)]
pub struct Summary {
    pub arch: String,
    /// In UTC.
    pub started: String,
    pub seconds: u64,
    pub rows: Vec<Row>,
}

/// One scenario.
#[derive(Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    pub about: String,
    pub passed: bool,
    /// The first finding, if it did not pass.
    pub failure: Option<Finding>,
    /// The number of all findings.
    pub findings: usize,
    pub cells: Vec<Cell>,
}

/// One generation.
#[derive(Serialize, Deserialize)]
pub struct Cell {
    pub state: State,
    pub map: String,
    pub kernel: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    Passed,
    /// It fails as the scenario says that it must.
    Known,
    Failed,
    /// The chain ended before.
    Unreached,
}

impl State {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Known => "≈",
            Self::Failed => "✗",
            Self::Unreached => "–",
        }
    }

    /// Also the name of its class in the style.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Known => "known",
            Self::Failed => "failed",
            Self::Unreached => "unreached",
        }
    }

    pub fn of(outcome: &Outcome, generation: usize) -> Self {
        let Some(run) = &outcome.run else {
            return Self::Unreached;
        };
        let mut findings = run.findings.iter();
        let missed = findings.any(|finding| finding.generation == Some(generation));
        let reported = run.report.facts(generation).is_some();
        match (missed, outcome.passed, reported) {
            (true, true, _) => Self::Known,
            (true, false, _) => Self::Failed,
            (false, _, true) => Self::Passed,
            (false, _, false) => Self::Unreached,
        }
    }
}

impl Summary {
    pub fn new(
        arch: &str,
        scenarios: &[Scenario],
        outcomes: &[Outcome],
        started: SystemTime,
    ) -> Self {
        Self {
            arch: arch.into(),
            started: day_and_time(started),
            seconds: started.elapsed().map_or(0, |took| took.as_secs()),
            rows: scenarios.iter().zip(outcomes).map(row).collect(),
        }
    }

    pub fn failed(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.passed)
    }
}

fn day_and_time(time: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.replace('T', " ").replace('Z', " UTC")
}

fn row((scenario, outcome): (&Scenario, &Outcome)) -> Row {
    let run = outcome.run.as_ref();
    let findings = run.map_or(&[][..], |run| &run.findings);
    let cells = scenario.kernel.iter().enumerate();
    Row {
        name: scenario.name.clone(),
        about: scenario.about.clone(),
        passed: outcome.passed,
        failure: (!outcome.passed).then(|| first(findings, outcome)),
        findings: findings.len(),
        cells: cells.map(|(k, step)| cell(step, outcome, run, k)).collect(),
    }
}

/// Without a finding, the last line of what was told has the reason.
fn first(findings: &[Finding], outcome: &Outcome) -> Finding {
    let told = || outcome.told.lines().last().unwrap_or_default().trim();
    findings.first().cloned().unwrap_or_else(|| Finding {
        generation: None,
        expected: "a result".into(),
        seen: told().into(),
    })
}

fn cell(step: &Step, outcome: &Outcome, run: Option<&Run>, k: usize) -> Cell {
    Cell {
        state: State::of(outcome, k),
        map: map(run.and_then(|run| run.report.0.get(&k))),
        kernel: kernel(step),
    }
}

/// As in "rtmap, kexec -c".
pub fn kernel(step: &Step) -> String {
    format!("{}, {}", step.image, step.started_by())
}

/// The map of a kernel in a few words.
fn map(told: Option<&Told>) -> String {
    let Some(facts) = told.and_then(|told| told.facts.as_ref()) else {
        return "no report".into();
    };
    if facts.rtmap.is_none() {
        return "not ours".into();
    }
    let user = match privilege(facts) {
        Privilege::User => ", user",
        Privilege::Kernel => "",
    };
    match file(facts, "kind") {
        "none" => "services off".into(),
        kind => format!("{kind}, {}{user}", file(facts, "origin")),
    }
}
