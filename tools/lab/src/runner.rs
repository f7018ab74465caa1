// SPDX-License-Identifier: GPL-2.0
//! Runs scenarios side by side and tells how they went.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{anyhow, Result};
use efi_rtmap_orders::Event;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::iter::{ParallelBridge, ParallelIterator};
use rayon::ThreadPoolBuilder;

use crate::judge::{is_known, judge, Finding, Observed};
use crate::machine::firmware_log;
use crate::machine::report::Report;
use crate::machine::{End, Lab, CONSOLE, FIRMWARE_LOG, REPORT};
use crate::scenario::Scenario;

/// How one scenario went.
pub struct Run {
    pub findings: Vec<Finding>,
    pub report: Report,
    pub console: String,
    /// The hostile driver's messages, if it was there.
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

/// The result of one scenario.
pub struct Outcome {
    pub name: String,
    pub passed: bool,
    pub told: String,
    pub took: Duration,
    /// None if the lab itself failed.
    pub run: Option<Run>,
}

/// Runs all, and tells of each as it ends; the failed ones are named again at the end.
pub fn run_all(lab: &Lab, scenarios: &[Scenario], jobs: usize) -> Result<Vec<Outcome>> {
    let start = Instant::now();
    let mut outcomes = side_by_side(scenarios, jobs, |scenario, bar| {
        bar.set_message(scenario.name.clone());
        let outcome = outcome(lab, scenario);
        bar.suspend(|| println!("{}", outcome.told));
        Ok(outcome)
    })?;
    outcomes.sort_by_key(|outcome| scenarios.iter().position(|one| one.name == outcome.name));
    let failed = outcomes.iter().filter(|outcome| !outcome.passed);
    let failed: Vec<&String> = failed.map(|outcome| &outcome.name).collect();
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
    Ok(outcomes)
}

fn outcome(lab: &Lab, scenario: &Scenario) -> Outcome {
    let name = scenario.name.clone();
    let judged = panic::catch_unwind(AssertUnwindSafe(|| run(lab, scenario)));
    match judged.unwrap_or_else(|_| Err(anyhow!("the lab panicked, as said above"))) {
        Ok(run) => {
            let (passed, told) = verdict(scenario, &run);
            Outcome {
                name,
                passed,
                told,
                took: run.took,
                run: Some(run),
            }
        }
        Err(error) => Outcome {
            told: format!("FAILED  {name}: {error:#}"),
            name,
            passed: false,
            took: Duration::ZERO,
            run: None,
        },
    }
}

/// Works on all of `items`, on `jobs` of them at once and in their order; none is begun after an
/// error. What comes of them is in no order.
pub fn side_by_side<'a, T: Sync, R: Send>(
    items: &'a [T],
    jobs: usize,
    work: impl Fn(&'a T, &ProgressBar) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let workers = ThreadPoolBuilder::new().num_threads(jobs).build()?;
    let bar = progress_bar(items.len());
    let one = |item| work(item, &bar).inspect(|_| bar.inc(1));
    let all = workers.install(|| items.iter().par_bridge().map(one).collect());
    bar.finish_and_clear();
    all
}

/// On a terminal; elsewhere the lines that are printed must do.
pub fn progress_bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {elapsed} {msg}");
    let bar = ProgressBar::new(length as u64);
    bar.set_style(style.expect("a good template"));
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Tells if the scenario passed, and returns the text about it.
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
        Some(first) if is_known(first, known) => {
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
    let mut last = None;
    for finding in &run.findings {
        let whose = match finding.generation {
            Some(k) => format!("generation {k} ({})", scenario.kernel[k].described()),
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use anyhow::ensure;

    use super::*;

    #[test]
    fn all_are_worked_on_and_no_more_at_once_than_wanted() {
        let at_once = AtomicUsize::new(0);
        let mut all = side_by_side(&[0, 1, 2, 3, 4], 2, |item, _| {
            let others = at_once.fetch_add(1, Relaxed);
            std::thread::sleep(Duration::from_millis(5));
            at_once.fetch_sub(1, Relaxed);
            ensure!(others < 2, "{others} others at work");
            Ok(item * 10)
        })
        .unwrap();
        all.sort();
        assert_eq!(all, [0, 10, 20, 30, 40]);
    }

    #[test]
    fn none_is_begun_after_an_error() {
        let begun = AtomicUsize::new(0);
        let all = side_by_side(&[0, 1, 2, 3, 4], 1, |item, _| {
            begun.fetch_add(1, Relaxed);
            ensure!(*item < 2, "at item {item}");
            Ok(())
        });
        assert_eq!(all.unwrap_err().to_string(), "at item 2");
        assert_eq!(begun.into_inner(), 3);
    }
}
