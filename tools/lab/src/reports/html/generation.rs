// SPDX-License-Identifier: GPL-2.0
//! One generation on the page of its scenario.

use maud::{html, Markup};

use super::facts::{all, before, Fact};
use super::page::{badge, count, finding};
use super::summary::State;
use super::{log, map};
use crate::judge::Finding;
use crate::machine::console;
use crate::machine::report::Told;
use crate::runner::{Outcome, Run};
use crate::scenario::Scenario;

/// Lines of the console of a kernel that did not go on as planned.
const LAST_LINES: usize = 60;

/// A generation of a chain that the lab could run.
struct Shown<'a> {
    scenario: &'a Scenario,
    run: &'a Run,
    generation: usize,
}

pub fn section(scenario: &Scenario, outcome: &Outcome, generation: usize) -> Markup {
    let state = State::of(outcome, generation);
    let shown = outcome.run.as_ref().map(|run| Shown {
        scenario,
        run,
        generation,
    });
    html! {
        section class="generation" id={ "g" (generation) } {
            h2 { "Generation " (generation) " " (badge(state)) }
            p class="quiet" { (scenario.kernel[generation].described()) }
            @match &shown {
                Some(shown) => (content(shown, state)),
                None => p { "No report: the lab failed." }
            }
        }
    }
}

fn content(shown: &Shown<'_>, state: State) -> Markup {
    match shown.run.report.0.get(&shown.generation) {
        Some(told) if told.facts.is_some() => reported(shown, told),
        _ => silent(shown, state),
    }
}

fn reported(shown: &Shown<'_>, told: &Told) -> Markup {
    let earlier = shown.generation.checked_sub(1);
    let earlier = earlier.and_then(|k| shown.run.report.facts(k));
    html! {
        div class="sides" {
            div {
                @if let Some(line) = told.decision() { pre class="decision" { (log::clean(line)) } }
                (facts(shown, told))
            }
            div class="map" {
                h3 { "EFI page tables" }
                @if let Some(facts) = &told.facts { (map::shown(facts, earlier)) }
            }
        }
        div id={ "g" (shown.generation) "-log" } {
            h3 { "Log" }
            (findings(shown))
            (logs(shown, told))
        }
    }
}

/// A generation without a report.
fn silent(shown: &Shown<'_>, state: State) -> Markup {
    let k = shown.generation;
    let own = console::of_generation(&shown.run.console, k);
    html! {
        div id={ "g" (k) "-log" } {
            @if state == State::Unreached {
                p { "No report: the chain ended before this generation." }
            } @else {
                (findings(shown))
                h3 { "No report; end of " @if own.is_none() { "the console" } @else { "its console" } }
                (log::end(own.unwrap_or(&shown.run.console), LAST_LINES))
            }
        }
    }
}

fn missed<'a>(shown: &'a Shown<'_>) -> impl Iterator<Item = &'a Finding> {
    let findings = shown.run.findings.iter();
    findings.filter(|finding| finding.generation == Some(shown.generation))
}

fn findings(shown: &Shown<'_>) -> Markup {
    html! { @for missed in missed(shown) { (finding(missed)) } }
}

fn facts(shown: &Shown<'_>, told: &Told) -> Markup {
    let (report, steps) = (&shown.run.report, &shown.scenario.kernel);
    let k = shown.generation;
    let earlier = k.checked_sub(1);
    let earlier = earlier.and_then(|k| Some(all(report, report.0.get(&k)?, &steps[k])));
    let earlier = earlier.unwrap_or_default();
    html! {
        dl class="facts" {
            @for fact in all(report, told, &steps[k]) { (row(&fact, &earlier)) }
        }
    }
}

fn row(fact: &Fact, earlier: &[Fact]) -> Markup {
    html! {
        dt { (fact.name) }
        dd {
            (log::clean(&fact.value))
            @if let Some(old) = before(fact, earlier) {
                span class="was" { " Δ was " (log::clean(old)) }
            }
        }
    }
}

/// The kernel's own log; the console has what came after it was told.
fn logs(shown: &Shown<'_>, told: &Told) -> Markup {
    let own = console::of_generation(&shown.run.console, shown.generation).unwrap_or_default();
    let seen: Vec<&str> = missed(shown).map(|finding| finding.seen.as_str()).collect();
    let kernel_log = told.log.join("\n");
    html! {
        @if !kernel_log.is_empty() {
            (log::excerpt(&kernel_log, &seen))
            details {
                summary { "All of the kernel log, " (count(told.log.len(), "line")) }
                (log::end(&kernel_log, usize::MAX))
            }
        }
        @for error in &told.errors { p { "Error in the guest: " (log::clean(error)) } }
        @if !told.left || kernel_log.is_empty() {
            h3 { "End of its console" }
            (log::end(own, LAST_LINES))
        }
    }
}
