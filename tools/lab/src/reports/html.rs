// SPDX-License-Identifier: GPL-2.0
//! The results as pages, which need no network and no scripts: an index of all architectures, and one
//! page for each scenario.
//!
//! A run replaces the pages of its architecture only. The index is made of the summaries, which
//! lie beside it.

mod facts;
mod generation;
mod index;
mod log;
mod map;
mod page;
mod scenario;
mod summary;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::arch;
use crate::machine::{Lab, CONSOLE};
use crate::reports::kept;
use crate::runner::Outcome;
use crate::scenario::Scenario;
use summary::Summary;

/// Returns the path of the index.
pub fn write(
    lab: &Lab,
    scenarios: &[Scenario],
    outcomes: &[Outcome],
    started: SystemTime,
) -> Result<PathBuf> {
    let top = lab.build.report_dir();
    let folder = top.join(lab.arch.name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for (scenario, outcome) in scenarios.iter().zip(outcomes) {
        let console = match &outcome.run {
            Some(_) => String::new(),
            None => console_left(lab, scenario),
        };
        let page = scenario::render(lab.arch.name, scenario, outcome, &console);
        save(&folder.join(format!("{}.html", scenario.name)), &page)?;
    }
    let summary = Summary::new(lab.arch.name, scenarios, outcomes, started);
    kept::save(&top.join(summary_of(lab.arch.name)), &summary)?;
    let index = top.join("index.html");
    save(&index, &index::render(&summaries(&top)?))?;
    Ok(index)
}

/// The console of a machine that the lab could not judge. It may have failed before there was one.
fn console_left(lab: &Lab, scenario: &Scenario) -> String {
    let console = fs::read(lab.build.logs(&scenario.name).join(CONSOLE));
    String::from_utf8_lossy(&console.unwrap_or_default()).into_owned()
}

/// Those of all architectures that have run.
fn summaries(top: &Path) -> Result<Vec<Summary>> {
    let mut all = Vec::new();
    for arch in arch::ALL {
        all.extend(kept::load(&top.join(summary_of(arch.name)))?);
    }
    Ok(all)
}

fn summary_of(arch: &str) -> String {
    format!("{arch}.json")
}

fn save(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())
}
