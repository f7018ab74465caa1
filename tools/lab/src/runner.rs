// SPDX-License-Identifier: GPL-2.0
//! Runs scenarios side by side and tells how they went.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use efi_rtmap_orders::Event;
use indicatif::{ProgressBar, ProgressStyle};

use crate::firmware_log;
use crate::judge::{judge, Finding, Observed};
use crate::machine::{End, Lab, CONSOLE, FIRMWARE_LOG, REPORT};
use crate::report::Report;
use crate::scenario::Scenario;

/// How one scenario went.
pub struct Run {
    pub findings: Vec<Finding>,
    pub report: Report,
    pub console: String,
    /// What the hostile driver told, if it was there.
    pub firmware: Option<Vec<Event>>,
    pub end: End,
    pub logs: PathBuf,
    pub took: Duration,
}

pub fn run(lab: &Lab, scenario: &Scenario) -> Result<Run> {
    let twin = match scenario.same_as {
        Some(image) => Some(run(lab, &scenario.all_of(image))?),
        None => None,
    };
    let remains = lab.run(scenario)?;
    let logs = &remains.logs;
    let report = Report::read(&logs.join(REPORT))?;
    let console = fs::read(logs.join(CONSOLE))?;
    let console = String::from_utf8_lossy(&console).into_owned();
    let firmware = match scenario.is_hostile() {
        true => Some(firmware_log::read(&logs.join(FIRMWARE_LOG))?),
        false => None,
    };
    let mut findings = judge(
        scenario,
        &Observed {
            arch: lab.arch,
            report: &report,
            console: &console,
            end: &remains.end,
            started: remains.started,
            ended: remains.ended,
            twin: twin.as_ref().map(|twin| &twin.report),
            firmware: firmware.as_deref(),
        },
    );
    for mut finding in twin.into_iter().flat_map(|twin| twin.findings) {
        finding.expected = format!("(twin) {}", finding.expected);
        findings.push(finding);
    }
    Ok(Run {
        findings,
        report,
        console,
        firmware,
        end: remains.end,
        logs: remains.logs,
        took: remains.took,
    })
}

/// Runs all; true if all passed. Failures are shown as they come and named again at the end.
pub fn run_all(lab: &Lab, scenarios: &[Scenario], jobs: usize) -> bool {
    let start = Instant::now();
    let bar = progress_bar(scenarios.len());
    let waiting = Mutex::new(scenarios.iter());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(scenarios.len()) {
            scope.spawn(|| loop {
                let next = waiting.lock().expect("no thread panics").next();
                let Some(scenario) = next else { break };
                bar.set_message(scenario.name.clone());
                let (passed, told) = match run(lab, scenario) {
                    Ok(run) => verdict(scenario, &run),
                    Err(error) => (false, format!("FAILED  {}: {error:#}", scenario.name)),
                };
                bar.suspend(|| println!("{told}"));
                bar.inc(1);
                if !passed {
                    failed
                        .lock()
                        .expect("no thread panics")
                        .push(&scenario.name);
                }
            });
        }
    });
    bar.finish_and_clear();

    let failed = failed.into_inner().expect("no thread panics");
    if !failed.is_empty() {
        println!("\nfailed: {failed:?}");
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; finished in {:.0}s",
        if failed.is_empty() { "ok" } else { "FAILED" },
        scenarios.len() - failed.len(),
        failed.len(),
        start.elapsed().as_secs_f64()
    );
    failed.is_empty()
}

/// On a terminal; elsewhere the lines that are printed must do.
pub fn progress_bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed} {msg}");
    let bar = ProgressBar::new(length as u64);
    bar.set_style(style.expect("a good template"));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Whether the scenario passed, and what to tell about it.
pub fn verdict(scenario: &Scenario, run: &Run) -> (bool, String) {
    let name = &scenario.name;
    let took = run.took.as_secs_f64();
    let Some(known) = &scenario.expect_failure else {
        return if run.findings.is_empty() {
            (true, format!("ok      {name} ({took:.1}s)"))
        } else {
            (false, explain("FAILED", scenario, run))
        };
    };
    match run.findings.first() {
        Some(first) if known.is(first) => {
            let reason = &known.reason;
            let told =
                format!("ok      {name} ({took:.1}s) fails as it must: {reason}\n        {first}");
            (true, told)
        }
        _ => {
            let told = explain("FAILED, but not as it must", scenario, run);
            let (unmet, k) = (&known.unmet, known.generation);
            (
                false,
                format!("{told}\n    expected first to miss one of {unmet:?}, in generation {k}"),
            )
        }
    }
}

pub fn explain(verdict: &str, scenario: &Scenario, run: &Run) -> String {
    let mut told = format!(
        "{verdict}  {} ({:.1}s)\n    {}",
        scenario.name,
        run.took.as_secs_f64(),
        scenario.about
    );
    let steps = scenario.generations();
    let mut last = None;
    for finding in &run.findings {
        let whose = match finding.generation {
            Some(k) => format!("generation {k} ({})", steps[k].described()),
            None => "machine".into(),
        };
        if last != Some(finding.generation) {
            told += &format!("\n    {whose}:");
            last = Some(finding.generation);
        }
        let Finding { expected, seen, .. } = finding;
        told += &format!("\n        expected {expected}\n        seen     {seen}");
    }
    told + &format!("\n    console: {}", run.logs.join(CONSOLE).display())
}
