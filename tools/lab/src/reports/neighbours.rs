// SPDX-License-Identifier: GPL-2.0
//! Chains with kernels that Debian built: with ours between them, and with stock in the place of
//! ours. The view of each kernel is written side by side.

mod table;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{ensure, Context, Result};
use serde::{Deserialize, Serialize};

use super::comparison::{firmware, first_line};
use super::kept;
use crate::arch::{self, Arch};
use crate::build;
use crate::machine::Lab;
use crate::runner::{self, Run};
use crate::scenario::{file, Image, Scenario};
use view::View;

/// The chains of one architecture that have run.
#[derive(Default, Serialize, Deserialize)]
struct Measured {
    firmware: String,
    qemu: String,
    kexec: String,
    /// The release of each kernel, as in `uname -r`, by the image.
    releases: BTreeMap<String, String>,
    /// The view of each kernel, by the name of the chain.
    chains: BTreeMap<String, Vec<View>>,
}

/// Runs those of `selected` with kernels of Debian's, and the same chains with stock in the place of ours.
/// Writes them, and those that have run before. True if our chains did as their scenarios expect, and
/// no kernel keeps more with stock.
pub fn run(lab: &Lab, selected: &[Scenario], jobs: usize, write: &Path) -> Result<bool> {
    let ours: Vec<&Scenario> = selected
        .iter()
        .filter(|scenario| scenario.has_neighbours())
        .collect();
    ensure!(
        !ours.is_empty(),
        "no kernel of Debian's own in these scenarios"
    );
    let twins = twins(&ours);
    let chains: Vec<&Scenario> = twins.iter().chain(ours.iter().copied()).collect();
    let path = lab.build.neighbours(lab.arch);
    let mut before: Measured = kept::load(&path)?.unwrap_or_default();
    before.qemu = first_line(Command::new(lab.arch.qemu).arg("--version"))?;
    let measured = Mutex::new(before);
    let passed = runner::side_by_side(&chains, jobs, |scenario, bar| {
        bar.set_message(scenario.name.clone());
        let run = runner::run(lab, scenario).with_context(|| scenario.name.clone())?;
        let is_twin = twins.iter().any(|twin| twin.name == scenario.name);
        let (met, told) = runner::verdict(scenario, &run);
        if !is_twin {
            bar.suspend(|| println!("{told}"));
        }
        let mut measured = measured.lock().expect("no thread panics");
        measured.learn(scenario, &run);
        kept::save(&path, &*measured)?;
        Ok(met || is_twin)
    })?;
    let measured = measured.into_inner().expect("no thread panics");
    let mut passed = !passed.contains(&false);
    for scenario in ours {
        if let Some(k) = measured.lost(scenario) {
            println!("LOST    {}: kernel {k} has more with stock", scenario.name);
            passed = false;
        }
    }
    fs::write(write, table::render(&load_all(lab)?))
        .with_context(|| write.display().to_string())?;
    Ok(passed)
}

/// Stock knows none of our options. So several chains of ours have one twin.
fn twins(ours: &[&Scenario]) -> Vec<Scenario> {
    let mut names = BTreeSet::new();
    ours.iter()
        .map(|scenario| twin(scenario))
        .filter(|twin| names.insert(twin.name.clone()))
        .collect()
}

fn twin(scenario: &Scenario) -> Scenario {
    let mut twin = scenario.all_of(Image::Stock);
    let kernels = twin.kernel.iter().map(|step| {
        let loader = step.loader.map(|loader| loader.to_string());
        format!("{}{}", step.image, loader.unwrap_or_default())
    });
    twin.name = kernels.collect::<Vec<_>>().join("_").replace(' ', "");
    twin
}

impl Measured {
    fn learn(&mut self, scenario: &Scenario, run: &Run) {
        if let Some(firmware) = firmware(&run.console) {
            self.firmware = firmware;
        }
        for (k, step) in scenario.kernel.iter().enumerate() {
            if let Some(facts) = run.report.facts(k) {
                let release = facts.release.clone();
                self.releases.insert(step.image.to_string(), release);
                self.kexec = facts.kexec_version.clone();
            }
        }
        let generations = 0..scenario.kernel.len();
        let views = generations.map(|k| View::of(&run.report, k)).collect();
        self.chains.insert(scenario.name.clone(), views);
    }

    /// The first kernel of a chain that has less than in the twin.
    fn lost(&self, scenario: &Scenario) -> Option<usize> {
        let ours = self.chains.get(&scenario.name)?;
        let stock = self.chains.get(&twin(scenario).name)?;
        ours.iter()
            .zip(stock)
            .position(|(ours, stock)| ours.rank < stock.rank)
    }
}

/// Of all architectures that ran with this build, with the scenarios as they are there.
fn load_all(lab: &Lab) -> Result<Vec<(&'static Arch, Vec<Scenario>, Measured)>> {
    let mut all = Vec::new();
    for arch in arch::ALL {
        if let Some(measured) = kept::load(&lab.build.neighbours(arch))? {
            let scenarios = file::load_all(&build::default_scenarios(), arch)?;
            all.push((arch, scenarios, measured));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
