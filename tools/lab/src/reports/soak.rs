// SPDX-License-Identifier: GPL-2.0
//! A long chain on one firmware. Each kernel is judged as soon as it has gone, and the first that is
//! not as it should be ends the run.

pub mod chain;
mod steady;
mod watch;

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use efi_rtmap_guest::plan::kept;
use efi_rtmap_guest::report::Facts;
use efi_rtmap_orders::Event;

use crate::machine::{Lab, CONSOLE};
use crate::runner;
use crate::scenario::{Image, Scenario};
use watch::Watch;

/// How often it is told how far the chain is, where there is no progress bar.
const TOLD_EVERY: usize = 50;

/// True if everything was as expected.
pub fn run(lab: &Lab, scenario: &Scenario) -> Result<bool> {
    let length = scenario.kernel.len();
    let bar = runner::progress_bar(length);
    let mut watch = Watch::new(lab, scenario);
    let remains = lab.run_watched(scenario, || {
        let before = watch.good;
        let stop = watch.look()?;
        bar.set_position(watch.good as u64);
        if before / TOLD_EVERY < watch.good / TOLD_EVERY {
            bar.suspend(|| println!("{} of {length} generations", watch.good));
        }
        Ok(match stop {
            Some(why) => ControlFlow::Break(why),
            None => ControlFlow::Continue(()),
        })
    })?;
    let findings = watch.finish(&remains.end)?.to_vec();
    bar.finish_and_clear();

    println!("{}", watch.steady.table());
    println!("{}", summary(scenario, &watch, remains.took));
    for finding in &findings {
        println!("FAILED  {finding}");
    }
    if !findings.is_empty() {
        println!("        console: {}", remains.logs.join(CONSOLE).display());
    }
    println!(
        "\nsoak result: {}. {} of {length} generations as they should be",
        if findings.is_empty() { "ok" } else { "FAILED" },
        watch.good
    );
    Ok(findings.is_empty())
}

/// Of the generations that were good.
fn summary(scenario: &Scenario, watch: &Watch<'_>, took: Duration) -> String {
    let steps = &scenario.kernel[..watch.good];
    let stock = steps.iter().filter(|step| step.image == Image::Stock);
    let stock = stock.count();
    let ours = steps.iter().filter(|step| step.rtmap_on()).count();
    let is_svam = |event: &&Event| matches!(event, Event::Svam { .. });
    let svam = watch.events.iter().filter(is_svam).count();

    let facts: Vec<&Facts> = (0..watch.good)
        .filter_map(|k| watch.report.facts(k))
        .collect();
    let tables = facts
        .iter()
        .filter_map(|facts| facts.handover.as_ref().ok());
    let calls = tables.map(|table| table.calls).max().unwrap_or(0);
    let left = |facts: Option<&&Facts>| {
        let storage = facts.and_then(|facts| facts.storage.as_ref().ok());
        storage.map_or(0, |storage| storage.remaining)
    };
    let deleted = match watch.good.checked_sub(1) {
        Some(last) => watch.good - kept(last, scenario.soak).len(),
        None => 0,
    };
    format!(
        "kernels: {ours} with efi-rtmap, {} with it off, {stock} stock; {:.1} s for each\n\
         calls of firmware, as the handover table counts: {calls}\n\
         calls of SetVirtualAddressMap, as firmware counts: {svam}\n\
         reserved by the device tree for initrds of earlier kernels: {} KiB\n\
         variables: {} written, {deleted} of them deleted; the store had room for {} bytes, then {}",
        watch.good - ours - stock,
        took.as_secs_f64() / watch.good.max(1) as f64,
        facts.last().map_or(0, |facts| facts.reserved_kib),
        watch.good,
        left(facts.first()),
        left(facts.last()),
    )
}
