// SPDX-License-Identifier: GPL-2.0
//! The cost of each map kind against stock's way, in instructions: QEMU counts them as virtual
//! nanoseconds. The same kernel and firmware for all, boots interleaved. No pass or fail.

mod latency;
mod regions;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{anyhow, ensure, Context, Result};
use comfy_table::{presets, CellAlignment, Table};
use efi_rtmap_guest::plan::{Action, Loader};
use efi_rtmap_guest::ptdump::Mapping;
use efi_rtmap_guest::report::Timing;

use crate::machine::report::{Report, Told};
use crate::machine::Lab;
use crate::reports::page_tables;
use crate::runner;
use crate::scenario::{Image, Scenario, Step, ROOM_FOR_STOCK_MIB};

/// Words after `rtmap:`. With `user`, the kind is the default.
const WAYS: [&str; 5] = ["off", "phys", "ident", "fixed", "user"];
const GENERATIONS: usize = 3;
const SAMPLES: u32 = 200;

/// Boot-time take-over is what happens between two lines of the kernel's log, less the same
/// without runtime services and without us (FLOOR).
const FLOOR: &str = "efi=noruntime,rtmap:off";
/// Keeps the log off the console: a serial line takes longer than the kernel's work on a map.
const QUIET: &str = "quiet";
const TAKE_OVER: &str = "take-over at boot";

/// One number of one kind in one generation: the smallest of all rounds, since whatever disturbs
/// a round only adds.
type Numbers = BTreeMap<(String, usize, &'static str), u64>;

/// Machines may run side by side: what is counted does not depend on what else this host does.
pub fn run(lab: &Lab, rounds: u32, jobs: usize) -> Result<()> {
    let scenarios: Vec<_> = (1..=rounds)
        .flat_map(|round| WAYS.map(|kind| (kind, scenario(kind, round))))
        .collect();
    let window = lab.arch.rtmap.take_over;
    let floors = floors(lab, window)?;
    let all = runner::side_by_side(&scenarios, jobs, |(kind, scenario), bar| {
        bar.set_message(scenario.name.clone());
        let run = runner::run(lab, scenario)?;
        let complete = complete(&run.report);
        let complete = complete.with_context(|| run.logs.display().to_string())?;
        let mut numbers = Vec::new();
        for (generation, told) in complete.into_iter().enumerate() {
            let take_over = take_over_window(&told.log, window)?;
            let take_over = take_over.saturating_sub(floors[generation]);
            let mut measured = measure(told)?;
            measured.push((TAKE_OVER.into(), take_over));
            let of_generation = measured
                .into_iter()
                .map(|(what, number)| ((what, generation, *kind), number));
            numbers.extend(of_generation);
        }
        bar.suspend(|| eprintln!("{} ({:.0}s)", scenario.name, run.took.as_secs_f64()));
        Ok(numbers)
    })?;
    let mut numbers = Numbers::new();
    for (key, number) in all.into_iter().flatten() {
        let smallest = numbers.entry(key).or_insert(number);
        *smallest = number.min(*smallest);
    }

    println!("{}", table(&numbers));
    println!(
        "Instructions (virtual ns under -icount), bytes, or counts; in brackets: against off."
    );
    println!("GetTime, GetVariable: through /dev/efi_test, n={SAMPLES}; differences between kinds");
    println!(
        "are the kernel's part, firmware does the same. Refused call: one that firmware returns"
    );
    println!("from at once, so nearly all of it is the kernel's. {TAKE_OVER}: to a microsecond.");
    println!("\n{}", latency::table(lab)?);
    println!("PREEMPT_RT, a SCHED_FIFO task that sleeps for 1 ms again and again; virtual time.");
    println!("\n{}", regions::table(lab)?);
    Ok(())
}

fn scenario(kind: &str, round: u32) -> Scenario {
    let step = |loader| Step {
        then: vec![Action::Bench(SAMPLES)],
        ..Step::new(Image::Rtmap, format!("{QUIET} efi=rtmap:{kind}"), loader)
    };
    let mut kernel = vec![step(None)];
    kernel.resize(GENERATIONS, step(Some(Loader::KexecLoad)));
    Scenario {
        memory_mib: Some(ROOM_FOR_STOCK_MIB),
        time_limit_s: 600,
        ..Scenario::new(format!("bench-{kind}-{round}"), "costs".into(), kernel)
    }
}

/// The window's length in each generation without what is measured.
fn floors(lab: &Lab, window: [&str; 2]) -> Result<Vec<u64>> {
    let mut scenario = scenario("floor", 0);
    for step in &mut scenario.kernel {
        step.options = format!("{QUIET} {FLOOR}");
        step.then.clear();
    }
    let run = runner::run(lab, &scenario)?;
    let floor = |generation| {
        let told = run.report.0.get(&generation);
        let told = told.with_context(|| format!("no report of {}", run.logs.display()))?;
        take_over_window(&told.log, window)
    };
    (0..GENERATIONS).map(floor).collect()
}

/// Virtual nanoseconds.
fn take_over_window(log: &[String], [before, after]: [&str; 2]) -> Result<u64> {
    let time = |part: &str| {
        let line = log.iter().find(|line| line.contains(part));
        let stamp = line.and_then(|line| line.strip_prefix('[')?.split_once(']'));
        let seconds: Option<f64> = stamp.and_then(|(seconds, _)| seconds.trim().parse().ok());
        seconds.with_context(|| format!("no {part:?} in the kernel log"))
    };
    let seconds = time(after)? - time(before)?;
    Ok((seconds * 1e9).round() as u64)
}

fn complete(report: &Report) -> Result<Vec<&Told>> {
    for generation in 0..GENERATIONS {
        let told = report.0.get(&generation);
        let errors = told.map(|told| told.errors.join("; ")).unwrap_or_default();
        ensure!(
            told.is_some_and(|told| !told.bench.is_empty()),
            "generation {generation} has no measurements: {errors}"
        );
    }
    Ok(report.0.values().collect())
}

fn measure(told: &Told) -> Result<Vec<(String, u64)>> {
    let mut numbers = Vec::new();
    for (call, Timing { minimum, median }) in &told.bench {
        numbers.push((format!("{call}, minimum"), *minimum));
        numbers.push((format!("{call}, median"), *median));
    }
    if let Some(facts) = &told.facts {
        let mappings = facts
            .page_tables
            .as_ref()
            .map_err(|error| anyhow!("{error}"))?;
        let bytes = mappings.iter().map(Mapping::bytes).sum();
        numbers.push(("bytes mapped".into(), bytes));
        numbers.push(("mappings".into(), mappings.len() as u64));
        numbers.push((
            "page-table pages".into(),
            page_tables::pages(mappings, facts.five_level),
        ));
        let regions = facts.runtime_map.as_ref().map_or(0, Vec::len);
        numbers.push(("runtime regions".into(), regions as u64));
    }
    Ok(numbers)
}

fn table(numbers: &Numbers) -> Table {
    let mut table = Table::new();
    let header = ["", "gen"].into_iter().chain(WAYS);
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(header);
    let rows: BTreeSet<(&String, usize)> = numbers.keys().map(|(what, k, _)| (what, *k)).collect();
    for (what, generation) in rows {
        let number = |kind| numbers.get(&(what.clone(), generation, kind)).copied();
        let mut row = vec![what.clone(), generation.to_string()];
        for kind in WAYS {
            row.push(match (number(kind), number("off")) {
                (Some(number), Some(off)) if off > 0 => {
                    format!("{number} ({:.2})", number as f64 / off as f64)
                }
                (Some(number), _) => number.to_string(),
                (None, _) => "-".into(),
            });
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_over_is_between_two_lines() {
        let line = |time, text| format!("[{time}] {text}");
        let mut log = vec![
            line("    0.082726", "before it"),
            line("    0.092616", "after it"),
        ];
        let window = ["before", "after"];
        assert_eq!(take_over_window(&log, window).unwrap(), 9_890_000);
        log.pop();
        let error = take_over_window(&log, window).unwrap_err();
        assert!(error.to_string().contains("after"), "{error}");
    }
}
