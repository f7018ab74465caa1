// SPDX-License-Identifier: GPL-2.0
//! The page of one scenario.

use maud::{html, Markup};

use super::generation::section;
use super::log;
use super::page::{badge, count, finding, frame, verdict};
use super::summary::{kernel, State};
use crate::runner::{Outcome, Run};
use crate::scenario::Scenario;

/// Lines of the console where nothing else is known.
const LAST_LINES: usize = 60;

/// `console` is that of a machine that the lab could not judge.
pub fn render(arch: &str, scenario: &Scenario, outcome: &Outcome, console: &str) -> String {
    let name = &scenario.name;
    let body = html! {
        header {
            p { a href={ "../index.html#" (arch) "-" (name) } { "← all scenarios" } }
            h1 { (name) " " (badge(verdict(outcome.passed))) }
            p { (scenario.about) }
            p class="quiet" {
                (arch) ", " (count(scenario.kernel.len(), "generation")) ", "
                (format!("{:.0} s", outcome.took.as_secs_f64())) ". To repeat it: "
                code { "ARCH=" (arch) " tools/run-lab run " (name) }
            }
            (contents(scenario, outcome))
        }
        main {
            (machine(scenario, outcome, console))
            @for k in 0..scenario.kernel.len() { (section(scenario, outcome, k)) }
            @if let Some(run) = &outcome.run { (firmware(run)) }
        }
    };
    frame(&format!("{name}, {arch}"), &body)
}

/// A link to each generation.
fn contents(scenario: &Scenario, outcome: &Outcome) -> Markup {
    html! {
        nav {
            @for (k, step) in scenario.kernel.iter().enumerate() {
                @let state = State::of(outcome, k);
                a class={ "cell " (state.word()) } href={ "#g" (k) } {
                    b { span class="sign" { (state.sign()) } " generation " (k) }
                    span class="quiet" { (kernel(step)) }
                }
            }
        }
    }
}

/// The findings that belong to no generation, and a failure of the lab.
fn machine(scenario: &Scenario, outcome: &Outcome, console: &str) -> Markup {
    let findings = outcome.run.as_ref().map_or(&[][..], |run| &run.findings);
    let of_machine: Vec<_> = findings
        .iter()
        .filter(|finding| finding.generation.is_none())
        .collect();
    let not_as_it_must = !outcome.passed && scenario.expect_failure.is_some();
    let unexplained = !outcome.passed && findings.is_empty();
    html! {
        @if not_as_it_must || unexplained || !of_machine.is_empty() {
            section id="machine" {
                h2 { "Machine" }
                @for missed in of_machine { (finding(missed)) }
                @if not_as_it_must || unexplained { pre { (log::clean(&outcome.told)) } }
                @if outcome.run.is_none() {
                    h3 { "End of the console" }
                    (log::end(console, LAST_LINES))
                }
            }
        }
        @if let Some(known) = &scenario.expect_failure {
            p { "This scenario must fail: " (known.reason) }
        }
    }
}

fn firmware(run: &Run) -> Markup {
    let Some(events) = &run.firmware else {
        return html! {};
    };
    html! {
        section {
            h2 { "Hostile driver" }
            details {
                summary { (count(events.len(), "message")) }
                pre { @for event in events { (format!("{event:?}")) "\n" } }
            }
        }
    }
}
