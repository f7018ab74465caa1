// SPDX-License-Identifier: GPL-2.0
//! A made-up run: a chain that passed, one that failed, one that fell silent, and one that the lab
//! could not run. Some of them say hostile things.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;
use crate::judge::tests::{good_facts, mapping};
use crate::judge::Finding;
use crate::machine::report::{Report, Told};
use crate::machine::End;
use crate::runner::Run;
use crate::scenario::file::parse;

const HOSTILE: &str = "<script>alert(1)</script>";
const CHAIN: &str =
    "about = \"for <the> tests\"\nkernel = [{}, { loader = \"-c\" }, { loader = \"-s\" }]";
const CONSOLE: &str = "a rtmap.gen=0 b\nc rtmap.gen=1 d\nlast words <script>\n";

fn chain(name: &str) -> Scenario {
    parse(name, CHAIN, arch::named("x86_64").unwrap())
        .unwrap()
        .remove(0)
}

/// The first `count` generations have reported.
fn run(count: usize, findings: Vec<Finding>) -> Run {
    let told = |k| {
        let mut facts = good_facts(k);
        if k == 2 {
            facts.page_tables = Ok(vec![mapping(true, true)]);
        }
        let told = Told {
            facts: Some(facts),
            log: vec![
                format!("[    0.1] efi: rtmap: ident, {HOSTILE}"),
                "noise".into(),
            ],
            left: true,
            ..Told::default()
        };
        (k, told)
    };
    Run {
        findings,
        report: Report((0..count).map(told).collect::<BTreeMap<_, _>>()),
        console: CONSOLE.into(),
        firmware: None,
        end: End::Exited,
        logs: PathBuf::new(),
        took: Duration::from_secs(3),
    }
}

fn finding(generation: usize) -> Finding {
    Finding {
        generation: Some(generation),
        expected: format!("no {HOSTILE}"),
        seen: "noise".into(),
    }
}

fn outcome(name: &str, run: Option<Run>) -> Outcome {
    Outcome {
        name: name.into(),
        passed: run.as_ref().is_some_and(|run| run.findings.is_empty()),
        told: format!("FAILED  {name}: {HOSTILE}"),
        took: Duration::from_secs(3),
        run,
    }
}

/// The index, and the page of each scenario by its name.
fn rendered() -> (String, BTreeMap<String, String>) {
    let outcomes = [
        outcome("good", Some(run(3, Vec::new()))),
        outcome("bad", Some(run(3, vec![finding(1)]))),
        outcome("silent", Some(run(1, vec![finding(1)]))),
        outcome("unrun", None),
    ];
    let scenarios: Vec<_> = outcomes
        .iter()
        .map(|outcome| chain(&outcome.name))
        .collect();
    let summary = Summary::new("x86_64", &scenarios, &outcomes, SystemTime::UNIX_EPOCH);
    // As it comes back from the file.
    let summary = serde_json::to_string(&summary).unwrap();
    let index = index::render(&[serde_json::from_str(&summary).unwrap()]);
    let pages = scenarios.iter().zip(&outcomes).map(|(scenario, outcome)| {
        let page = scenario::render("x86_64", scenario, outcome, CONSOLE);
        (scenario.name.clone(), page)
    });
    (index, pages.collect())
}

/// The values of an attribute on a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let parts = page.split(&start).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[test]
fn each_generation_has_a_cell() {
    let (index, pages) = rendered();
    let cells = |state: &str| index.matches(&format!("class=\"cell {state}\"")).count();
    let states = ["passed", "failed", "unreached", "known"].map(cells);
    assert_eq!(states, [6, 2, 4, 0]);
    for (name, page) in &pages {
        let sections = page.matches("<section class=\"generation\"").count();
        assert_eq!(sections, 3, "{name}");
    }
}

#[test]
fn a_failure_leads_to_its_cell_and_the_cell_to_the_log() {
    let (index, pages) = rendered();
    assert!(index.contains("<li><a href=\"#x86_64-bad.1\">"), "{index}");
    let cell = index.split("id=\"x86_64-bad.1\" href=\"").nth(1).unwrap();
    assert!(cell.starts_with("x86_64/bad.html#g1-log\""), "{cell}");
    let log = pages["bad"].split("id=\"g1-log\"").nth(1).unwrap();
    let log = log.split("</section>").next().unwrap();
    assert!(log.contains("<b>!</b><span>noise"), "{log}");
    assert!(index.contains("<li><a href=\"#x86_64-unrun\">"), "{index}");
    assert!(index.contains("1970-01-01 00:00:00 UTC"), "{index}");
}

#[test]
fn every_link_has_an_end() {
    let (index, pages) = rendered();
    for (from, page) in pages
        .iter()
        .map(|(name, page)| (name.as_str(), page))
        .chain([("", &index)])
    {
        for link in values(page, "href") {
            let (file, id) = link.split_once('#').unwrap_or((link, ""));
            let name = file.rsplit('/').next().unwrap().trim_end_matches(".html");
            let target = match (from, name) {
                (_, "") => page,
                (_, "index") => &index,
                (_, name) => &pages[name],
            };
            assert!(
                id.is_empty() || values(target, "id").contains(&id),
                "{link} on {from}"
            );
        }
        let mut ids = values(page, "id");
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{from}: {ids:?}");
    }
}

#[test]
fn nothing_that_a_machine_says_becomes_a_part_of_the_page() {
    let (index, pages) = rendered();
    for page in pages.values().chain([&index]) {
        assert!(
            !page.contains("<script") && page.contains("&lt;the&gt;"),
            "{page}"
        );
    }
    for (name, count) in [("good", 9), ("bad", 10), ("silent", 5), ("unrun", 2)] {
        assert_eq!(
            pages[name].matches("&lt;script&gt;").count(),
            count,
            "{name}"
        );
    }
}

#[test]
fn a_generation_without_a_report_shows_the_end_of_its_console() {
    let (_, pages) = rendered();
    let silent = pages["silent"].split("id=\"g1\"").nth(1).unwrap();
    assert!(silent.contains("No report; end of its console"), "{silent}");
    assert!(
        silent.contains("<span>last words &lt;script&gt;"),
        "{silent}"
    );
    assert!(silent.contains("the chain ended before this generation"));
    assert!(pages["unrun"].contains("<span>last words &lt;script&gt;"));
}

#[test]
fn the_picture_marks_what_has_changed() {
    let (_, pages) = rendered();
    let sections: Vec<_> = pages["good"].split("<section").skip(1).collect();
    let changed = |k: usize| sections[k].matches("class=\"edge changed\"").count();
    assert_eq!([0, 1, 2].map(changed), [0, 0, 2]);
    assert!(sections[1].contains("= The regions are those of the generation before."));
    assert!(sections[2].contains("Δ 1 region changed since the generation before"));
    assert!(
        sections[1].contains("handover<span class=\"was\"> Δ was fresh"),
        "{}",
        sections[1]
    );
}
