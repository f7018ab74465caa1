// SPDX-License-Identifier: GPL-2.0
//! Programs for the guest and the libraries they need, from this host or from Debian's packages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use goblin::elf::Elf;

use crate::arch::Arch;

const PROGRAM_DIRS: &[&str] = &["sbin", "usr/sbin", "bin", "usr/bin"];

/// By their path in the guest: where they are here.
pub type Files = BTreeMap<String, PathBuf>;

/// The file system in which a program and its libraries are.
struct Root<'a> {
    path: &'a Path,
    arch: &'static Arch,
}

/// `name` and all it needs: of Debian's `packages`, or the host's where there are none.
pub fn find(name: &str, packages: &Path, arch: &'static Arch) -> Result<Files> {
    let host = Path::new("/");
    let path = if packages.exists() { packages } else { host };
    Root { path, arch }.program(name)
}

impl Root<'_> {
    /// `name` and all that it needs, and that these need in turn.
    fn program(&self, name: &str) -> Result<Files> {
        let mut files = Files::new();
        let mut waiting = vec![self.find(name, PROGRAM_DIRS)?];
        while let Some(path) = waiting.pop() {
            let inside = path.strip_prefix(self.path).unwrap_or(&path);
            let inside = inside.to_string_lossy().into_owned();
            if files.insert(inside, path.clone()).is_some() {
                continue;
            }
            let needs = needs(&path)?;
            for library in &needs.libraries {
                waiting.push(self.library(library)?);
            }
            if let Some(interpreter) = needs.interpreter {
                // The kernel looks for it here, and nowhere else.
                let inside = interpreter.trim_start_matches('/').to_string();
                let base = interpreter.rsplit('/').next().unwrap_or_default();
                files.insert(inside, self.library(base)?);
            }
        }
        Ok(files)
    }

    fn library(&self, name: &str) -> Result<PathBuf> {
        let triplet = self.arch.guest.triplet;
        let debian = ["lib", "usr/lib"].map(|directory| format!("{directory}/{triplet}"));
        let directories = [&debian[0], &debian[1], "lib64", "usr/lib64"];
        self.find(name, &directories)
    }

    /// A file of another architecture is as good as none.
    fn find(&self, name: &str, directories: &[&str]) -> Result<PathBuf> {
        let wanted = self.arch.guest.elf_machine;
        directories
            .iter()
            .map(|directory| self.path.join(directory).join(name))
            .find(|path| needs(path).is_ok_and(|file| file.machine == wanted))
            .with_context(|| format!("no {name} for {}, in {directories:?}", self.arch.name))
    }
}

/// The needs that an ELF file states.
struct Needs {
    machine: u16,
    interpreter: Option<String>,
    libraries: Vec<String>,
}

fn needs(path: &Path) -> Result<Needs> {
    let shown = || path.display().to_string();
    let bytes = fs::read(path).with_context(shown)?;
    let elf = Elf::parse(&bytes).with_context(shown)?;
    Ok(Needs {
        machine: elf.header.e_machine,
        interpreter: elf.interpreter.map(String::from),
        libraries: elf.libraries.iter().map(|name| name.to_string()).collect(),
    })
}
