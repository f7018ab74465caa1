// SPDX-License-Identifier: GPL-2.0
//! The index: the failures, then a matrix of scenarios by generation for each architecture.

use std::collections::BTreeMap;

use maud::{html, Markup};

use super::page::{badge, count, finding, frame, verdict};
use super::summary::{Cell, Row, State, Summary};

/// Scenarios whose names begin with the same word are a group if there are so many.
const GROUP: usize = 4;
const OTHERS: &str = "others";

pub fn render(summaries: &[Summary]) -> String {
    let body = html! {
        header {
            h1 { "Lab report" }
            p class="quiet" { "efi-rtmap: chains of kernels on UEFI firmware, in QEMU" }
        }
        main {
            section class="verdicts" {
                @for summary in summaries { (overview(summary)) }
            }
            (failures(summaries))
            p class="key" {
                @for state in [State::Passed, State::Failed, State::Known, State::Unreached] {
                    (badge(state)) " " (meaning(state)) " "
                }
            }
            label class="filter" {
                input type="checkbox" id="failed-only";
                " only scenarios that failed"
            }
            @for summary in summaries { (matrix(summary)) }
        }
    };
    frame("Lab report", &body)
}

fn meaning(state: State) -> &'static str {
    match state {
        State::Passed => "as expected",
        State::Failed => "an expectation was not met",
        State::Known => "fails as it must",
        State::Unreached => "the chain ended before",
    }
}

fn overview(summary: &Summary) -> Markup {
    let failed = summary.failed().count();
    let generations = summary.rows.iter().map(|row| row.cells.len()).sum();
    let took = std::time::Duration::from_secs(summary.seconds);
    html! {
        div class={ "verdict " (verdict(failed == 0).word()) } {
            h2 { a href={ "#" (summary.arch) } { (summary.arch) } " " (badge(verdict(failed == 0))) }
            p {
                b { (failed) " of " (count(summary.rows.len(), "scenario")) } " failed, "
                (count(generations, "generation"))
            }
            p class="quiet" { (summary.started) ", " (humantime::format_duration(took)) }
        }
    }
}

/// Each failure leads to its cell.
fn failures(summaries: &[Summary]) -> Markup {
    let failed = summaries
        .iter()
        .flat_map(|summary| summary.failed().map(move |row| (summary, row)));
    let failed: Vec<_> = failed.collect();
    html! {
        @if !failed.is_empty() {
            section {
                h2 { "Failures" }
                ol class="failures" {
                    @for (summary, row) in failed { (failure(summary, row)) }
                }
            }
        }
    }
}

fn failure(summary: &Summary, row: &Row) -> Markup {
    let generation = row.failure.as_ref().and_then(|first| first.generation);
    let place = match generation {
        Some(k) => cell_id(summary, row, k),
        None => row_id(summary, row),
    };
    html! {
        li {
            a href={ "#" (place) } {
                (State::Failed.sign()) " " (row.name) ", "
                @match generation {
                    Some(k) => { "generation " (k) }
                    None => { "machine" }
                }
            }
            span class="quiet" { " " (summary.arch) }
            @if let Some(first) = &row.failure { (finding(first)) }
            @if row.findings > 1 { p class="quiet" { "and " (count(row.findings - 1, "more finding")) } }
        }
    }
}

fn matrix(summary: &Summary) -> Markup {
    html! {
        section class="matrix" id=(summary.arch) {
            h2 { (summary.arch) }
            @for (word, rows) in groups(&summary.rows) {
                details open {
                    summary {
                        b { (word) } " "
                        span class="quiet" { (group_counts(&rows)) }
                    }
                    div class="rows" {
                        @for row in rows { (matrix_row(summary, row)) }
                    }
                }
            }
        }
    }
}

fn group_counts(rows: &[&Row]) -> String {
    let all = count(rows.len(), "scenario");
    match rows.iter().filter(|row| !row.passed).count() {
        0 => all,
        failed => format!("{all}, {failed} failed"),
    }
}

/// The rows by the first words of their names; words of few rows are one group, the last.
fn groups(rows: &[Row]) -> Vec<(&str, Vec<&Row>)> {
    let mut words: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let word = row.name.split('-').next().unwrap_or_default();
        words.entry(word).or_default().push(row);
    }
    let (large, small): (Vec<_>, Vec<_>) =
        words.into_iter().partition(|(_, rows)| rows.len() >= GROUP);
    let others: Vec<_> = small.into_iter().flat_map(|(_, rows)| rows).collect();
    let others = (!others.is_empty()).then_some((OTHERS, others));
    large.into_iter().chain(others).collect()
}

fn matrix_row(summary: &Summary, row: &Row) -> Markup {
    let of_machine = row
        .failure
        .as_ref()
        .is_some_and(|first| first.generation.is_none());
    html! {
        div class={ "row " (verdict(row.passed).word()) } id=(row_id(summary, row)) {
            div class="name" {
                a href={ (page_of(summary, row)) } { (verdict(row.passed).sign()) " " (row.name) }
                @if of_machine {
                    " " a class="badge failed" href={ (page_of(summary, row)) "#machine" } { "✗ machine" }
                }
                p class="quiet" { (row.about) }
            }
            div class="cells" {
                @for (k, cell) in row.cells.iter().enumerate() { (matrix_cell(summary, row, k, cell)) }
            }
        }
    }
}

/// A failed cell leads to the log.
fn matrix_cell(summary: &Summary, row: &Row, k: usize, cell: &Cell) -> Markup {
    let part = match cell.state {
        State::Failed | State::Known => "-log",
        State::Passed | State::Unreached => "",
    };
    html! {
        a class={ "cell " (cell.state.word()) } id=(cell_id(summary, row, k))
            href={ (page_of(summary, row)) "#g" (k) (part) } {
            b { span class="sign" { (cell.state.sign()) } " " (k) } " " (cell.map)
            span class="quiet" { (cell.kernel) }
        }
    }
}

fn page_of(summary: &Summary, row: &Row) -> String {
    format!("{}/{}.html", summary.arch, row.name)
}

fn row_id(summary: &Summary, row: &Row) -> String {
    format!("{}-{}", summary.arch, row.name)
}

fn cell_id(summary: &Summary, row: &Row, k: usize) -> String {
    format!("{}.{k}", row_id(summary, row))
}
