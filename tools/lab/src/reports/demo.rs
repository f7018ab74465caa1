// SPDX-License-Identifier: GPL-2.0
//! A scenario as a table: what each kernel of the chain made of the firmware.

use anyhow::{Context, Result};
use comfy_table::{presets, Table};
use efi_rtmap_guest::report::Facts;
use indicatif::{ProgressBar, ProgressStyle};

use crate::machine::report::{privilege, Report, Told};
use crate::machine::{Lab, CONSOLE};
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
        shown += &format!("  {k}  {}\n", decision(told).unwrap_or("-"));
    }
    Ok(shown)
}

fn decision(told: &Told) -> Option<&str> {
    told.boot_line(told.facts.as_ref()?.rtmap.as_ref()?.get("kind")?)
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
    let file = |name: &str| {
        let files = facts.rtmap.as_ref();
        let value = files.and_then(|files| files.get(name));
        value.map_or("-", String::as_str).to_string()
    };
    let variables = match &facts.variables {
        Ok(variables) => {
            let read = variables.held[..facts.generation].iter();
            let written = u32::from(variables.written.is_ok());
            let read = read.filter(|held| held.is_ok()).count();
            format!("{read} read, {written} written")
        }
        Err(error) => error.clone(),
    };
    let wx = match &facts.page_tables {
        Ok(mappings) => mappings
            .iter()
            .filter(|m| m.write_and_execute())
            .count()
            .to_string(),
        Err(error) => error.clone(),
    };
    let (clock, cost) = match &facts.clock {
        Ok(clock) => (
            time_of_day(clock.epoch).context("the firmware's clock")?,
            format!("{} us", clock.nanoseconds / 1000),
        ),
        Err(error) => (error.clone(), "-".into()),
    };
    Ok([
        facts.generation.to_string(),
        facts.release.clone(),
        step.started_by(),
        file("kind"),
        file("origin"),
        file("svam"),
        privilege(facts).to_string(),
        variables,
        clock,
        wx,
        cost,
    ])
}

fn time_of_day(epoch: i64) -> Option<String> {
    let seconds = u64::try_from(epoch).ok()? % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    Some(format!("{hours:02}:{minutes:02}:{:02}", seconds % 60))
}

#[cfg(test)]
mod tests;
