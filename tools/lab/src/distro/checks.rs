// SPDX-License-Identifier: GPL-2.0
//! The checks of `tools/distro/checks.toml`: what Debian's tools do in each generation.

use std::fs;
use std::path::Path;

use anyhow::{ensure, Context, Result};
use serde::Deserialize;

use crate::build;

/// The places of a chain at which checks run, in their order. The machine's script knows them too.
pub const STAGES: [&str; 4] = ["0", "1", "2", "crashed"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub name: String,
    /// A shell script. It works if its exit status is 0.
    pub run: String,
    /// A line that Debian's kernel does not print is a difference.
    #[serde(default)]
    pub compare: bool,
    /// It runs in the start after the crash only.
    #[serde(default)]
    pub after_crash: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check: Vec<Check>,
}

/// All checks, in the order in which they run.
///
/// # Errors
///
/// The file is not as [`Check`] says, or two checks have one name.
pub fn all() -> Result<Vec<Check>> {
    let path = build::tools_dir().join("distro/checks.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<Vec<Check>> {
    let checks = toml::from_str::<File>(text)?.check;
    for (k, check) in checks.iter().enumerate() {
        let twice = checks[..k].iter().any(|other| other.name == check.name);
        ensure!(!twice, "{}: there are two checks of this name", check.name);
    }
    Ok(checks)
}

impl Check {
    pub fn runs_at(&self, stage: &str) -> bool {
        self.after_crash == (stage == "crashed")
    }
}

/// Writes each check as a script into its stage's folder below `folder`. The number in front keeps
/// the order.
pub fn write(checks: &[Check], folder: &Path) -> Result<()> {
    for stage in STAGES {
        let scripts = folder.join("checks").join(stage);
        fs::create_dir_all(&scripts)?;
        for (k, check) in checks.iter().enumerate() {
            if check.runs_at(stage) {
                fs::write(scripts.join(script(k)), &check.run)?;
            }
        }
    }
    Ok(())
}

/// The name of the script of check `k`.
pub fn script(k: usize) -> String {
    format!("{k:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_of_the_repository_are_good() {
        let checks = all().unwrap();
        for stage in STAGES {
            assert!(checks.iter().any(|check| check.runs_at(stage)), "{stage}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        let one = "[[check]]\nname = \"clock\"\nrun = \"hwclock\"\n";
        assert_eq!(parse(one).unwrap().len(), 1);
        let error = parse(&format!("{one}{one}")).err().unwrap();
        assert!(error.to_string().starts_with("clock: "), "{error}");
    }

    #[test]
    fn each_script_is_in_the_folders_of_its_stages() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[[check]]\nname = \"a\"\nrun = \"date\"\n\n\
                    [[check]]\nname = \"b\"\nrun = \"ls\"\nafter_crash = true\n";
        write(&parse(text).unwrap(), folder.path()).unwrap();
        let there = |path: &str| folder.path().join("checks").join(path).exists();
        assert!(there("0/00") && there("2/00") && there("crashed/01"));
        assert!(!there("crashed/00") && !there("1/01"));
    }
}
