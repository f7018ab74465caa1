// SPDX-License-Identifier: GPL-2.0
//! Builds the fuzz targets, runs each of them, and shows the results as a table.

mod build;
mod report;
mod run;
mod seeds;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use anyhow::{ensure, Context, Result};
use clap::Parser;

use run::{Limit, Run};

/// The targets. Each takes bytes of one kind from outside, up to a limit.
const TARGETS: [Target; 8] = [
    Target::new("memory_map", 8192),
    Target::new("memory_attributes", 8192),
    Target::new("runtime_table", 4096),
    Target::new("handover", 4096),
    Target::new("command_line", 256),
    Target::new("smbios", 1024),
    Target::new("take_over", 1024),
    Target::new("answers", 1024),
];

#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    pub max_length: u32,
}

impl Target {
    const fn new(name: &'static str, max_length: u32) -> Self {
        Self { name, max_length }
    }
}

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Folder for builds, inputs, logs and crashes
    #[arg(long)]
    work: PathBuf,
    /// Seconds for each target
    #[arg(long, required_unless_present = "runs")]
    time: Option<u32>,
    /// Inputs for each target, with the same seed each time and without what was found before
    #[arg(long, conflicts_with = "time")]
    runs: Option<u32>,
    /// Number of targets at once
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Names of targets; all if none is given
    targets: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let targets = chosen(&cli.targets)?;
    let limit = match (cli.time, cli.runs) {
        (Some(seconds), _) => Limit::Seconds(seconds),
        (None, Some(runs)) => Limit::Runs(runs),
        (None, None) => unreachable!("clap asks for one"),
    };
    std::fs::create_dir_all(&cli.work).with_context(|| cli.work.display().to_string())?;
    let work = cli.work.canonicalize()?;
    let programs = build::targets(&work)?;
    seeds::write(&work.join("seeds"))?;

    let run = Run {
        work,
        programs,
        limit,
    };
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().expect("no thread panics").next();
    let one_after_the_other = || {
        let mut outcomes = Vec::new();
        while let Some(target) = next() {
            outcomes.push((target.name, run.target(target)));
        }
        outcomes
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let jobs = (0..cli.jobs.max(1)).map(|_| scope.spawn(one_after_the_other));
        let jobs: Vec<_> = jobs.collect();
        let done = jobs.into_iter().map(|job| job.join().expect("no panic"));
        done.flatten().collect()
    });
    report::show(outcomes)
}

fn chosen(names: &[String]) -> Result<Vec<Target>> {
    let known = TARGETS.map(|target| target.name);
    for name in names {
        ensure!(
            known.contains(&&**name),
            "{name} is none of the targets, {known:?}"
        );
    }
    let wanted = |target: &Target| names.is_empty() || names.iter().any(|n| n == target.name);
    Ok(TARGETS.into_iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_a_target() {
        let files = std::fs::read_dir(format!("{}/fuzz_targets", build::PACKAGE)).unwrap();
        let stems = files.map(|file| file.unwrap().path().with_extension(""));
        let mut stems: Vec<_> = stems
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        stems.sort();
        let mut names = TARGETS.map(|target| target.name);
        names.sort_unstable();
        assert_eq!(stems, names);
    }
}
