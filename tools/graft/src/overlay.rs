// SPDX-License-Identifier: GPL-2.0

//! What this repository puts into a kernel tree: files of its own and hooks in upstream's.

use std::fs::{self, Permissions};
use std::path::Path;

use anyhow::{bail, Context, Result};
use walkdir::WalkDir;

use crate::hooks::{self, Hook};
use crate::tree::{Series, TreePath};

/// Folders of the repository that mirror the kernel's.
const MIRRORED: &[&str] = &[
    "arch",
    "Documentation",
    "drivers",
    "include",
    "rust",
    "samples/rust",
];

/// Files of the repository that live elsewhere in the kernel.
const MOVED: &[(&str, &str)] = &[("Kconfig", "drivers/firmware/efi/rust/Kconfig")];

/// What editors and merges leave behind.
const LITTER: &[&str] = &["~", ".orig", ".rej", ".swp"];

#[derive(Default)]
pub struct Overlay {
    pub files: Vec<OverlayFile>,
    pub hooks: Vec<Hook>,
}

pub struct OverlayFile {
    pub target: TreePath,
    pub content: Vec<u8>,
    pub mode: Permissions,
}

impl Overlay {
    /// What the repository has for kernels of this series.
    pub fn load(repo: &Path, series: Series) -> Result<Self> {
        let mut hooks = hooks::load(&repo.join("hooks"))?;
        hooks.retain(|hook| hook.is_for(series));
        let mut files = Vec::new();
        for folder in MIRRORED {
            let top = repo.join(folder);
            if top.is_dir() {
                collect(repo, &top, &mut files)?;
            }
        }
        for (from, to) in MOVED {
            let path = repo.join(from);
            if path.exists() {
                files.push(read(&path, (*to).to_owned())?);
            }
        }
        files.sort_by(|a, b| a.target.cmp(&b.target));
        Ok(Self { files, hooks })
    }
}

fn collect(repo: &Path, top: &Path, files: &mut Vec<OverlayFile>) -> Result<()> {
    for entry in WalkDir::new(top) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        if entry.file_type().is_dir() || LITTER.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let path = entry.path();
        if !entry.file_type().is_file() {
            bail!("{}: an overlay holds plain files only", path.display());
        }
        let target = path.strip_prefix(repo)?.to_str();
        let target = target.with_context(|| format!("{}: name is not UTF-8", path.display()))?;
        files.push(read(path, target.to_owned())?);
    }
    Ok(())
}

fn read(path: &Path, target: String) -> Result<OverlayFile> {
    let name = || path.display().to_string();
    Ok(OverlayFile {
        target: TreePath::try_from(target).map_err(anyhow::Error::msg)?,
        content: fs::read(path).with_context(name)?,
        mode: fs::metadata(path).with_context(name)?.permissions(),
    })
}
