// SPDX-License-Identifier: GPL-2.0
//! Runs one target, and reads libFuzzer's output.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::Target;

/// The limit in seconds of real time. It is not shorter, because a busy machine is slow.
const TIMEOUT: &str = "-timeout=120";

pub enum Limit {
    Seconds(u32),
    Runs(u32),
}

pub struct Run {
    pub work: PathBuf,
    /// The folder with the targets' programs.
    pub programs: PathBuf,
    pub limit: Limit,
}

/// The outcome of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub stats: Stats,
    pub log: PathBuf,
    /// The program and the input that makes it fail.
    pub crash: Option<(PathBuf, PathBuf)>,
    pub success: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub executions: u64,
    /// Branches of the program that some input has taken, and counts of how often: libFuzzer's
    /// "cov" and "ft".
    pub coverage: u64,
    pub features: u64,
    /// Inputs with a new effect.
    pub corpus: u64,
}

impl Run {
    pub fn target(&self, target: &Target) -> Result<Outcome> {
        let name = target.name;
        eprintln!("fuzz: {name}");
        let place = |part: &str| -> Result<PathBuf> {
            let path = self.work.join(part).join(name);
            fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
            Ok(path)
        };
        let (artefacts, seeds) = (place("artefacts")?, place("seeds")?);
        let log = place("logs")?.join("log");
        let program = self.programs.join(name);
        let output = File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = Command::new("nice");
        command
            .args(["-n", "19"])
            .arg(&program)
            .args(["-print_final_stats=1", TIMEOUT])
            .arg(format!("-max_len={}", target.max_length))
            .arg(format!("-artifact_prefix={}/", artefacts.display()));
        match self.limit {
            Limit::Seconds(seconds) => command
                .arg(format!("-max_total_time={seconds}"))
                .arg(place("corpus")?),
            Limit::Runs(runs) => {
                fs::remove_dir_all(place("fresh")?)?;
                command
                    .args([format!("-runs={runs}"), "-seed=1".into()])
                    .arg(place("fresh")?)
            }
        };
        let status = command
            // Inputs with a new effect go to the folder before this one.
            .arg(seeds)
            .stdout(output.try_clone()?)
            .stderr(output)
            .status()
            .context("nice")?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        Ok(Outcome {
            stats: stats(&text),
            crash: artefact(&text).map(|input| (program, input.into())),
            success: status.success(),
            log,
        })
    }
}

/// The numbers of the last line like this, and the number of executions from the statistics at the
/// end. After a crash there are no statistics.
///
/// ```text
/// #2048 pulse  cov: 312 ft: 1204 corp: 97/20Kb lim: 4096 exec/s: 1024 rss: 52Mb
/// ```
fn stats(log: &str) -> Stats {
    let mut stats = Stats::default();
    for line in log.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let digits = pair[1].split('/').next().unwrap_or_default();
            let Ok(number) = digits.parse() else {
                continue;
            };
            match pair[0] {
                "cov:" => stats.coverage = number,
                "ft:" => stats.features = number,
                "corp:" => stats.corpus = number,
                "stat::number_of_executed_units:" => stats.executions = number,
                _ => (),
            }
        }
    }
    stats
}

fn artefact(log: &str) -> Option<&Path> {
    let written = "Test unit written to ";
    log.lines()
        .find_map(|line| Some(Path::new(line.split_once(written)?.1.trim_end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
INFO: Running with entropic power schedule (0xFF, 100).
#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 52Mb
#2048\tpulse  cov: 312 ft: 1204 corp: 97/20Kb lim: 4096 exec/s: 1024 rss: 52Mb
";

    #[test]
    fn the_last_line_counts() {
        let end = "stat::number_of_executed_units: 4711\nstat::new_units_added: 3\n";
        let expected = Stats {
            executions: 4711,
            coverage: 312,
            features: 1204,
            corpus: 97,
        };
        assert_eq!(stats(&format!("{LOG}{end}")), expected);
        assert_eq!(artefact(LOG), None);
    }

    #[test]
    fn what_crashed_is_named() {
        let log =
            format!("{LOG}artifact_prefix='a/'; Test unit written to a/crash-25a0\nBase64: yg\n");
        assert_eq!(artefact(&log), Some(Path::new("a/crash-25a0")));
    }
}
