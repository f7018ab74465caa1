// SPDX-License-Identifier: GPL-2.0
//! The job of Debian's machine: a disk with scripts, on which the machine leaves its results.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use serde::{Deserialize, Serialize};

use super::checks::{self, Check, STAGES};
use crate::build;
use crate::words::BootLoader;

/// Room for packages of a kernel, and for results.
const DISK_SIZE: &str = "512M";

/// The outcome of one check in one generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub works: bool,
    /// Both outputs of the script.
    pub output: String,
}

/// The outcomes of one chain, by check and stage.
pub type Outcomes = BTreeMap<String, BTreeMap<String, Outcome>>;

/// The work of the start before generation 0.
pub struct Install<'a> {
    /// A package with a kernel. Without one, the chain is of the kernel that is there.
    pub package: Option<&'a Path>,
    /// The program that firmware starts, and that starts generation 0.
    pub loader: BootLoader,
    /// The key that signs what is installed: `db.key` and `db.pem` in this folder.
    pub keys: &'a Path,
    /// A kernel without a signature.
    pub unsigned: &'a Path,
}

pub struct Job {
    folder: PathBuf,
    pub disk: PathBuf,
}

impl Job {
    /// Makes the disk, in `logs`.
    pub fn new(logs: &Path, checks: &[Check], install: &Install) -> Result<Self> {
        let folder = logs.join("job");
        let disk = logs.join("job.img");
        fs::create_dir_all(folder.join("results"))?;
        checks::write(checks, &folder)?;
        fs::copy(install.unsigned, folder.join("unsigned"))
            .with_context(|| install.unsigned.display().to_string())?;
        for script in ["generation", "install"] {
            let path = build::tools_dir().join("distro").join(script);
            fs::copy(&path, folder.join(script)).with_context(|| path.display().to_string())?;
        }
        if let Some(package) = install.package {
            fs::copy(package, folder.join("kernel.deb"))
                .with_context(|| package.display().to_string())?;
        }
        for file in ["db.key", "db.pem"] {
            let path = install.keys.join(file);
            fs::copy(&path, folder.join(file)).with_context(|| path.display().to_string())?;
        }
        fs::write(folder.join("loader"), install.loader.to_string())?;
        fs::write(folder.join("stage"), "install")?;
        run(Command::new("mke2fs")
            .args(["-q", "-F", "-t", "ext4", "-L", "job", "-d"])
            .args([&folder, &disk])
            .arg(DISK_SIZE))?;
        fs::remove_dir_all(&folder)?;
        Ok(Self { folder, disk })
    }

    /// The results that the machine has left.
    ///
    /// # Errors
    ///
    /// The chain did not come to its end.
    pub fn outcomes(self, checks: &[Check]) -> Result<Outcomes> {
        fs::create_dir_all(&self.folder)?;
        let request = format!("rdump / {}", self.folder.display());
        run(Command::new("debugfs")
            .args(["-R", &request])
            .arg(&self.disk))?;
        fs::remove_file(&self.disk)?;
        read(&self.folder, checks)
    }
}

fn read(folder: &Path, checks: &[Check]) -> Result<Outcomes> {
    let stage = fs::read_to_string(folder.join("stage"))?;
    let stage = stage.trim();
    ensure!(
        stage == "ended",
        "the chain ended at stage {stage:?}, see {}",
        folder.display()
    );
    let mut outcomes = Outcomes::new();
    for (k, check) in checks.iter().enumerate() {
        for stage in STAGES {
            let script = folder.join("results").join(stage).join(checks::script(k));
            let status = script.with_extension("status");
            if !status.exists() {
                continue;
            }
            let output = fs::read(script.with_extension("out"))?;
            let outcome = Outcome {
                works: fs::read_to_string(&status)?.trim() == "0",
                output: String::from_utf8_lossy(&output).into_owned(),
            };
            let of_check = outcomes.entry(check.name.clone()).or_default();
            of_check.insert(stage.to_string(), outcome);
        }
    }
    Ok(outcomes)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("{command:?}: install it"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {words}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Vec<Check> {
        let check = |name: &str, after_crash| Check {
            name: name.into(),
            run: "true".into(),
            compare: false,
            after_crash,
        };
        vec![check("clock", false), check("dump", true)]
    }

    /// A disk that is made and read without a machine between.
    #[test]
    fn a_job_without_an_end_says_its_stage() {
        let logs = tempfile::tempdir().unwrap();
        let kernel = logs.path().join("kernel");
        fs::write(&kernel, "not signed").unwrap();
        fs::write(logs.path().join("db.key"), "").unwrap();
        fs::write(logs.path().join("db.pem"), "").unwrap();
        let install = Install {
            package: None,
            loader: BootLoader::SystemdBoot,
            keys: logs.path(),
            unsigned: &kernel,
        };
        let job = Job::new(logs.path(), &checks(), &install).unwrap();
        let folder = job.folder.clone();
        let error = job.outcomes(&checks()).unwrap_err().to_string();
        assert!(error.contains("\"install\""), "{error}");
        assert!(folder.join("checks/2/00").exists());
        assert_eq!(fs::read(folder.join("loader")).unwrap(), b"systemd-boot");
        assert_eq!(fs::read(folder.join("unsigned")).unwrap(), b"not signed");
    }

    #[test]
    fn outcomes_are_by_check_and_stage() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("stage", "ended\n");
        put("results/1/00.status", "0\n");
        put("results/1/00.out", "12:00\n");
        put("results/crashed/01.status", "1\n");
        put("results/crashed/01.out", "");
        let outcomes = read(folder.path(), &checks()).unwrap();
        let clock = &outcomes["clock"];
        assert_eq!(clock.len(), 1);
        assert!(clock["1"].works);
        assert_eq!(clock["1"].output, "12:00\n");
        assert!(!outcomes["dump"]["crashed"].works);
    }
}
