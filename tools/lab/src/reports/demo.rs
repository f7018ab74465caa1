// SPDX-License-Identifier: GPL-2.0
//! A scenario as a table: what each kernel of the chain made of the firmware.

use anyhow::Result;
use comfy_table::{presets, Table};
use efi_rtmap_guest::report::Facts;
use indicatif::{ProgressBar, ProgressStyle};

use crate::machine::report::{privilege, Report};
use crate::machine::{Lab, CONSOLE};
use crate::reports::facts;
use crate::runner;
use crate::scenario::{Scenario, Step};

const NOTES: &str = "\
W+X: ranges of the EFI page tables that are writable and executable
GetTime: time of one call through /dev/efi_test, emulated (TCG)
";
const HEADER: [&str; 11] = [
    "gen",
    "kernel",
    "started by",
    "map",
    "origin",
    "SVAM",
    "privilege",
    "variables",
    "clock (UTC)",
    "W+X",
    "GetTime",
];

/// True if everything was as expected.
pub fn run(lab: &Lab, scenario: &Scenario) -> Result<bool> {
    let spinner = ProgressBar::new_spinner();
    spinner.set_style(ProgressStyle::with_template("{spinner} {msg} {elapsed}")?);
    spinner.enable_steady_tick(std::time::Duration::from_millis(200));
    let count = scenario.kernel.len();
    spinner.set_message(format!("{count} kernels on one firmware, in QEMU"));
    let run = runner::run(lab, scenario)?;
    spinner.finish_and_clear();

    println!("{}\n{NOTES}", shown(scenario, &run.report)?);
    println!("console: {}", run.logs.join(CONSOLE).display());
    if !run.findings.is_empty() {
        println!("\n{}", runner::explain("FAILED", scenario, &run));
    }
    Ok(run.findings.is_empty())
}

/// The table, and what each kernel's log says.
fn shown(scenario: &Scenario, report: &Report) -> Result<String> {
    let mut shown = format!(
        "{}\n\nevery decision, as each kernel's log has it:\n",
        table(scenario, report)?
    );
    for (k, told) in &report.0 {
        shown += &format!("  {k}  {}\n", told.decision().unwrap_or("-"));
    }
    Ok(shown)
}

fn table(scenario: &Scenario, report: &Report) -> Result<Table> {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(HEADER);
    for (k, step) in scenario.kernel.iter().enumerate() {
        match report.facts(k) {
            Some(facts) => table.add_row(row(step, facts)?),
            None => table.add_row([&k.to_string(), "did not report"]),
        };
    }
    Ok(table)
}

fn row(step: &Step, facts: &Facts) -> Result<[String; 11]> {
    Ok([
        facts.generation.to_string(),
        facts.release.clone(),
        step.started_by(),
        facts::file(facts, "kind").into(),
        facts::file(facts, "origin").into(),
        facts::file(facts, "svam").into(),
        privilege(facts).to_string(),
        facts::variables(facts),
        facts::clock(facts)?,
        facts::wx(facts),
        facts::cost(facts),
    ])
}

#[cfg(test)]
mod tests;
