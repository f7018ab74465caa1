// SPDX-License-Identifier: GPL-2.0
//! A real machine: Debian with its own boot loader, Secure Boot, init system and tools. A chain of three
//! generations and a crash, with our packaged kernel and with Debian's.

mod checks;
mod compare;
mod job;
mod machine;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::arch::{self, Arch};
use crate::machine::Lab;
use crate::reports::comparison::first_line;
use crate::reports::kept;
use crate::words::{BootLoader, Firmware};
use checks::Check;
use job::{Install, Job, Outcomes};
use machine::Parts;

/// Emulated: the first start of some 280 packages, and a chain of six starts.
const CONFIGURE_LIMIT: Duration = Duration::from_secs(3600);
const CHAIN_LIMIT: Duration = Duration::from_secs(3600);
/// The last word of the first start.
const CONFIGURED: &str = "lab: configure: ok";

/// The chains of one architecture.
#[derive(Default, Serialize, Deserialize)]
struct Measured {
    qemu: String,
    /// The package of our kernel.
    package: String,
    chains: BTreeMap<BootLoader, Pair>,
}

/// The same chain with each kernel.
#[derive(Default, Serialize, Deserialize)]
struct Pair {
    debian: Outcomes,
    ours: Outcomes,
}

/// The first start of the machine: configures the packages on `disk`.
pub fn configure(lab: &Lab, kernel: &Path, disk: &Path) -> Result<()> {
    let logs = fresh(lab, "distro-configure")?;
    let variables = disk.with_file_name("variables.fd");
    fs::copy(
        lab.arch.firmware(Firmware::SecureBoot)?.variables,
        &variables,
    )?;
    let line = format!(
        "root=/dev/nvme0n1p2 rw init=/lab/configure panic=5 console={} {}",
        lab.arch.console, lab.arch.parameters
    );
    let parts = Parts {
        arch: lab.arch,
        disk,
        disk_is_kept: true,
        variables: &variables,
        logs: &logs,
        job: None,
        kernel: Some((kernel, line)),
    };
    parts.run(CONFIGURE_LIMIT, &ProgressBar::new_spinner())?;
    let console = parts.console();
    let words = fs::read(&console)?;
    let configured = String::from_utf8_lossy(&words).contains(CONFIGURED);
    ensure!(configured, "not configured, see {}", console.display());
    Ok(())
}

/// Runs the chains with Debian's kernel, if they have not run or `again`, and those with ours. Writes
/// them side by side. True if no check is worse with our kernel.
pub fn run(lab: &Lab, loaders: &[BootLoader], again: bool, write: &Path) -> Result<bool> {
    let checks = checks::all()?;
    let package = package(lab)?;
    let kept = kept_at(lab, lab.arch);
    let mut measured: Measured = kept::load(&kept)?.unwrap_or_default();
    measured.qemu = first_line(Command::new(lab.arch.qemu).arg("--version"))?;
    measured.package = name(&package);
    let mut worse = 0;
    for loader in loaders {
        let mut pair = measured.chains.remove(loader).unwrap_or_default();
        if again || pair.debian.is_empty() {
            pair.debian = chain(lab, &checks, *loader, None)?;
        }
        measured.chains.insert(*loader, pair);
        kept::save(&kept, &measured)?;
        let ours = chain(lab, &checks, *loader, Some(&package))?;
        let pair = measured.chains.entry(*loader).or_default();
        pair.ours = ours;
        for line in compare::worse(&checks, &pair.debian, &pair.ours) {
            println!("WORSE   {loader}: {line}");
            worse += 1;
        }
        kept::save(&kept, &measured)?;
    }
    let all = arch::ALL.into_iter().filter_map(|arch| {
        let measured = kept::load(&kept_at(lab, arch)).transpose()?;
        Some(measured.map(|measured| (arch.name, measured)))
    });
    let all = all.collect::<Result<BTreeMap<_, _>>>()?;
    fs::write(write, table::render(&checks, &all)).with_context(|| write.display().to_string())?;
    println!(
        "{} checks for each boot loader, {worse} worse",
        checks.len()
    );
    Ok(worse == 0)
}

/// The chain's outcomes. Progress is the machine's last line.
fn chain(
    lab: &Lab,
    checks: &[Check],
    loader: BootLoader,
    package: Option<&Path>,
) -> Result<Outcomes> {
    let kernel = package.map_or("debian", |_| "rtmap");
    let name = format!("distro-{loader}-{kernel}");
    let machine = lab.build.distro(lab.arch);
    let disk = machine.join("disk.img");
    ensure!(
        disk.exists(),
        "no {}: run `make machine ARCH={}` first",
        disk.display(),
        lab.arch.name
    );
    let logs = fresh(lab, &name)?;
    let variables = logs.join("variables.fd");
    fs::copy(machine.join("variables.fd"), &variables)?;
    let install = Install {
        package,
        loader,
        keys: &lab.build.distro_keys(),
        unsigned: &machine.join("unsigned"),
    };
    let job = Job::new(&logs, checks, &install)?;
    let parts = Parts {
        arch: lab.arch,
        disk: &disk,
        disk_is_kept: false,
        variables: &variables,
        logs: &logs,
        job: Some(&job.disk),
        kernel: None,
    };
    println!(
        "{name}: three generations and a crash, see {}",
        parts.console().display()
    );
    let bar = ProgressBar::new_spinner();
    parts.run(CHAIN_LIMIT, &bar)?;
    bar.finish_and_clear();
    job.outcomes(checks).context(name)
}

/// The newest package of our kernel.
fn package(lab: &Lab) -> Result<PathBuf> {
    let folder = lab.build.packages();
    let end = format!("_{}.deb", lab.arch.debian);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry?.path();
        let name = name(&path);
        if name.starts_with("linux-image-") && name.ends_with(&end) {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    match found.into_iter().max() {
        Some((_, path)) => Ok(path),
        None => bail!(
            "no linux-image-*{end} in {}: run `make deb` first",
            folder.display()
        ),
    }
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn fresh(lab: &Lab, name: &str) -> Result<PathBuf> {
    let logs = lab.build.logs(name);
    if logs.exists() {
        fs::remove_dir_all(&logs)?;
    }
    fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
    Ok(logs)
}

/// Where the chains of an architecture are kept.
fn kept_at(lab: &Lab, arch: &Arch) -> PathBuf {
    lab.build.distro(arch).join("measured.json")
}
