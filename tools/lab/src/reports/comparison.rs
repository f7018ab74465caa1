// SPDX-License-Identifier: GPL-2.0
//! The comparison with stock: each scenario that has a row runs with our kernels, with firmware in
//! user mode, and with stock kernels in their place. What became of each is written side by side.

pub(super) mod classify;
mod table;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{ensure, Context, Result};
use serde::{Deserialize, Serialize};

use crate::arch::{self, Arch};
use crate::machine::Lab;
use crate::reports::kept;
use crate::runner::{self, Run};
use crate::scenario::{Image, Scenario, ROOM_FOR_STOCK_MIB};
use classify::Seen;

/// A stock kernel waits two minutes for each call that does not return.
const STOCK_TIME_LIMIT_S: u32 = 240;

/// The rows of one architecture.
#[derive(Serialize, Deserialize)]
struct Comparison {
    versions: Versions,
    /// With the names of their scenarios.
    rows: Vec<(String, Row)>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Versions {
    ours: String,
    stock: String,
    firmware: String,
    qemu: String,
    kexec: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Row {
    misbehaviour: String,
    stock: String,
    ours: String,
    user: String,
    needs: String,
}

/// Measures those of `all` that are `selected`, and writes them and what has been measured of the
/// others before. Each row is kept as soon as it is there, whatever becomes of the next. True if our
/// kernels did as their scenarios expect, and nothing is worse than with stock or than in user mode.
pub fn run(
    lab: &Lab,
    all: &[Scenario],
    selected: &[Scenario],
    jobs: usize,
    write: &Path,
) -> Result<bool> {
    let rows: Vec<&Scenario> = selected
        .iter()
        .filter(|scenario| scenario.row.is_some())
        .collect();
    ensure!(!rows.is_empty(), "none of these scenarios has a row");
    let path = lab.build.comparison(lab.arch);
    let before: Option<Comparison> = kept::load(&path)?;
    let comparison = Mutex::new(Comparison::new(first_line(
        Command::new(lab.arch.qemu).arg("--version"),
    )?));
    let passed = runner::side_by_side(&rows, jobs, |scenario, bar| {
        bar.set_message(scenario.name.clone());
        let measured = measure(lab, scenario).with_context(|| scenario.name.clone())?;
        bar.suspend(|| println!("{}", measured.told));
        let passed = measured.passed;
        let mut comparison = comparison.lock().expect("no thread panics");
        comparison.learn(&scenario.name, measured);
        kept::save(&path, &comparison.with(before.as_ref(), all))?;
        Ok(passed)
    })?;
    let comparison = comparison.into_inner().expect("no thread panics");
    if before.is_some_and(|before| !before.versions.agree(&comparison.versions)) {
        println!("with other versions, and dropped: what was measured before");
    }
    fs::write(write, table::render(&load_all(lab)?))
        .with_context(|| write.display().to_string())?;
    Ok(!passed.contains(&false))
}

impl Comparison {
    fn new(qemu: String) -> Self {
        Self {
            versions: Versions {
                qemu,
                ..Versions::default()
            },
            rows: Vec::new(),
        }
    }

    fn learn(&mut self, name: &str, measured: Measured) {
        self.versions.learn(measured.versions);
        self.rows.push((name.into(), measured.row));
    }

    /// In the order of `all`, and with the rows of `before` that have not been measured again, if all
    /// else was the same then.
    fn with(&self, before: Option<&Self>, all: &[Scenario]) -> Self {
        let before = before.filter(|before| before.versions.agree(&self.versions));
        let rows = all.iter().filter_map(|scenario| {
            let older = before.iter().flat_map(|before| &before.rows);
            let mut rows = self.rows.iter().chain(older);
            rows.find(|(name, _)| *name == scenario.name).cloned()
        });
        let mut versions = self.versions.clone();
        if let Some(before) = before {
            versions.learn(before.versions.clone());
        }
        Self {
            rows: rows.collect(),
            versions,
        }
    }
}

/// One row, measured.
struct Measured {
    row: Row,
    versions: Versions,
    passed: bool,
    told: String,
}

fn measure(lab: &Lab, scenario: &Scenario) -> Result<Measured> {
    let ours = runner::run(lab, scenario)?;
    let user = runner::run(lab, &scenario.in_user_mode())?;
    let mut twin = scenario.all_of(Image::Stock);
    twin.memory_mib = Some(twin.memory_mib().max(ROOM_FOR_STOCK_MIB));
    if scenario.expect_failure.is_none() {
        twin.time_limit_s = twin.time_limit_s.max(STOCK_TIME_LIMIT_S);
    }
    let stock = runner::run(lab, &twin)?;

    let (mut passed, mut told) = runner::verdict(scenario, &ours);
    let generations = scenario.kernel.len();
    let versions = Versions::of(&ours, &stock);
    let [stock, ours, user] = [&stock, &ours, &user].map(Seen::from);
    let row = Row {
        misbehaviour: scenario.row.clone().unwrap_or_default(),
        stock: stock.chain(generations),
        ours: ours.chain(generations),
        user: user.chain(generations),
        needs: needs(scenario),
    };
    told += &format!(
        "\n        stock: {}\n        ours:  {}\n        user:  {}",
        row.stock, row.ours, row.user
    );
    let lost = (0..generations).find(|k| stock.works(*k) && !ours.works(*k));
    if let Some(k) = lost.filter(|_| scenario.needs.is_none()) {
        passed = false;
        told += &format!("\n        LOST: kernel {k} has services with stock, and not with ours");
    }
    if let Some(k) = (0..generations).find(|k| user.rank(*k) < ours.rank(*k)) {
        passed = false;
        told += &format!("\n        WORSE: kernel {k} has less in user mode");
    }
    Ok(Measured {
        row,
        versions,
        passed,
        told,
    })
}

fn needs(scenario: &Scenario) -> String {
    if let Some(needs) = &scenario.needs {
        return needs.clone();
    }
    let options = scenario.our_options();
    if options.is_empty() {
        return "nothing".into();
    }
    format!("``{}``", options.join(" "))
}

impl Versions {
    fn of(ours: &Run, stock: &Run) -> Self {
        let release = |run: &Run| {
            let facts = run.report.0.values().find_map(|told| told.facts.as_ref());
            facts.map(|facts| facts.release.clone()).unwrap_or_default()
        };
        let facts = ours.report.0.values().find_map(|told| told.facts.as_ref());
        Self {
            ours: release(ours),
            stock: release(stock),
            firmware: firmware(&ours.console).unwrap_or_default(),
            qemu: String::new(),
            kexec: facts
                .map(|facts| facts.kexec_version.clone())
                .unwrap_or_default(),
        }
    }

    /// As far as both are known.
    fn agree(&self, other: &Self) -> bool {
        [
            (&self.ours, &other.ours),
            (&self.stock, &other.stock),
            (&self.firmware, &other.firmware),
            (&self.qemu, &other.qemu),
            (&self.kexec, &other.kexec),
        ]
        .iter()
        .all(|(one, other)| one == other || one.is_empty() || other.is_empty())
    }

    /// A row in which a kernel died tells nothing of it.
    fn learn(&mut self, other: Self) {
        for (known, new) in [
            (&mut self.ours, other.ours),
            (&mut self.stock, other.stock),
            (&mut self.firmware, other.firmware),
            (&mut self.kexec, other.kexec),
        ] {
            if known.is_empty() {
                *known = new;
            }
        }
    }
}

/// As the kernel names it: `DMI: machine, BIOS version date`.
pub(super) fn firmware(console: &str) -> Option<String> {
    let after = |mark: &str| {
        let line = console.lines().find_map(|line| line.split_once(mark));
        line.map(|(_, rest)| rest.trim().to_string())
    };
    let version = after(", BIOS ")?;
    let vendor = after("efi: EFI v")?;
    let vendor = vendor.split_once(" by ")?.1;
    Some(format!("{vendor} {version}"))
}

pub fn first_line(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(printed.lines().next().unwrap_or_default().into())
}

/// Of all architectures that ran with this build.
fn load_all(lab: &Lab) -> Result<Vec<(&'static Arch, Comparison)>> {
    let mut comparisons = Vec::new();
    for arch in arch::ALL {
        let comparison = kept::load(&lab.build.comparison(arch))?;
        comparisons.extend(comparison.map(|comparison| (arch, comparison)));
    }
    Ok(comparisons)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(ours: &str, rows: &[(&str, &str)]) -> Comparison {
        let row = |&(name, ours): &(&str, &str)| {
            let row = Row {
                misbehaviour: String::new(),
                stock: String::new(),
                ours: ours.into(),
                user: String::new(),
                needs: String::new(),
            };
            (name.to_string(), row)
        };
        Comparison {
            versions: Versions {
                ours: ours.into(),
                ..Versions::default()
            },
            rows: rows.iter().map(row).collect(),
        }
    }

    fn after(before: Comparison) -> Vec<(String, String)> {
        let scenario = |name: &str| Scenario::new(name.into(), String::new(), Vec::new());
        let all = ["a", "b", "c", "d"].map(scenario);
        let now = comparison("7.3", &[("c", "new"), ("b", "new")]);
        let row = |(name, row): (String, Row)| (name, row.ours);
        let rows = now.with(Some(&before), &all).rows;
        rows.into_iter().map(row).collect()
    }

    #[test]
    fn what_is_not_measured_again_stays() {
        let before = [("d", "old"), ("c", "old"), ("a", "old"), ("gone", "old")];
        let expected = [("a", "old"), ("b", "new"), ("c", "new"), ("d", "old")];
        let expected = expected.map(|(name, ours)| (name.to_string(), ours.to_string()));
        assert_eq!(after(comparison("7.3", &before)), expected);
    }

    #[test]
    fn what_was_measured_with_other_versions_does_not() {
        assert_eq!(after(comparison("7.2", &[("a", "old")])).len(), 2);
    }

    #[test]
    fn a_version_that_nobody_has_told_yet_is_no_other() {
        assert_eq!(after(comparison("", &[("a", "old")])).len(), 3);
    }
}
