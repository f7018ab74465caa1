// SPDX-License-Identifier: GPL-2.0
//! Debian packages of the guest's architecture, unpacked in the cache: the host's own set stays as
//! it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};

use crate::arch::Arch;
use crate::build::cache_dir;

/// The packages of the programs that run in the guest. Their dependencies come with them.
const PROGRAMS: &[&str] = &["kexec-tools", "busybox-static"];
/// Start of the name of a package that all programs need; its rest is the compiler's version.
const COMPILER_BASE: &str = "gcc-";

pub struct Packages {
    arch: &'static Arch,
    /// All of them, unpacked over each other.
    pub root: PathBuf,
    apt: PathBuf,
}

impl Packages {
    pub fn new(arch: &'static Arch) -> Result<Self> {
        let cache = cache_dir()?;
        Ok(Self {
            arch,
            root: cache.join("guest-root").join(arch.name),
            apt: cache.join("apt/guest").join(arch.name),
        })
    }

    /// Downloads and unpacks all that the guest needs, unless that has been done.
    pub fn unpack(&self) -> Result<()> {
        if self.root.exists() {
            return Ok(());
        }
        eprintln!("lab: downloading {PROGRAMS:?} for {}", self.arch.name);
        let debs = self.apt.join("debs");
        // From an empty directory, so that every file there is one of these.
        if debs.exists() {
            fs::remove_dir_all(&debs)?;
        }
        for directory in [
            &debs,
            &self.apt.join("lists/partial"),
            &self.apt.join("archives/partial"),
        ] {
            fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        self.apt_get(&["update"])?;
        self.apt_get(&[&["download"], &*strs(&self.wanted()?)].concat())?;

        // An interrupted run must not leave a part that looks like the whole.
        let unfinished = self.root.with_extension("unfinished");
        // dpkg makes one folder, not those above it.
        fs::create_dir_all(&unfinished).with_context(|| unfinished.display().to_string())?;
        fs::create_dir_all(&unfinished).with_context(|| unfinished.display().to_string())?;
        for deb in fs::read_dir(&debs)? {
            let deb = deb?.path();
            let status = Command::new("dpkg")
                .arg("-x")
                .args([&deb, &unfinished])
                .status()
                .context("dpkg")?;
            ensure!(status.success(), "dpkg could not unpack {}", deb.display());
        }
        fs::rename(&unfinished, &self.root)?;
        Ok(())
    }

    /// The programs' packages, those that they need, and what it takes to link for them.
    fn wanted(&self) -> Result<Vec<String>> {
        let install = ["--simulate", "--no-install-recommends", "install"];
        let plan = self.apt_get(&[&install, PROGRAMS].concat())?;
        let mut wanted: Vec<String> = plan
            .lines()
            .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
            .map(String::from)
            .collect();
        if self.arch.guest.cross {
            let version = wanted
                .iter()
                .find_map(|name| name.strip_prefix(COMPILER_BASE)?.strip_suffix("-base"))
                .with_context(|| format!("no {COMPILER_BASE}*-base in {wanted:?}"))?;
            let library = format!("libgcc-{version}-dev");
            wanted.extend([library, "libc6-dev".into()]);
        }
        Ok(wanted)
    }

    /// As on a machine of the guest's architecture where nothing is installed, with the sources of
    /// this host.
    fn apt_get(&self, arguments: &[&str]) -> Result<String> {
        let architecture = self.arch.guest.debian;
        let output = Command::new("apt-get")
            .arg("-qq")
            .args(["-o", &format!("APT::Architecture={architecture}")])
            .args(["-o", &format!("APT::Architectures={architecture}")])
            .args(["-o", &directory("State::Lists", &self.apt.join("lists"))])
            .args(["-o", "Dir::State::status=/dev/null"])
            .args(["-o", &directory("Cache", &self.apt)])
            .args(["-o", "APT::Sandbox::User=root"])
            .args(["-o", "Acquire::Languages=none"])
            .args(arguments)
            .current_dir(self.apt.join("debs"))
            .output()
            .context("apt-get")?;
        ensure!(
            output.status.success(),
            "apt-get {} for {architecture}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn directory(name: &str, path: &Path) -> String {
    format!("Dir::{name}={}", path.display())
}

fn strs(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}
