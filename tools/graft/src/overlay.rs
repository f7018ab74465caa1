// SPDX-License-Identifier: GPL-2.0

//! The content of this repository for a kernel tree, patch by patch: files of its own, and edits of
//! upstream's files.

use std::fs::{self, Permissions};
use std::iter;
use std::path::Path;

use anyhow::{bail, Context, Result};
use walkdir::WalkDir;

use crate::edit::Edit;
use crate::refusal::Refusal;
use crate::series::{self, Definition, Message};
use crate::tree::{TreePath, Version};

/// Folders of the repository that mirror the kernel's.
const MIRRORED: &[&str] = &[
    "arch",
    "Documentation",
    "drivers",
    "include",
    "rust",
    "samples/rust",
    "tools/testing",
];

/// Files of the repository that live elsewhere in the kernel.
const MOVED: &[(&str, &str)] = &[("Kconfig", "drivers/firmware/efi/rust/Kconfig")];

/// Ends of the names of files that editors and merges leave behind.
const LITTER: &[&str] = &["~", ".orig", ".rej", ".swp"];

pub struct Patch {
    pub name: String,
    pub message: Message,
    pub files: Vec<OverlayFile>,
    pub edits: Vec<Edit>,
}

pub struct OverlayFile {
    pub target: TreePath,
    pub content: Vec<u8>,
    pub mode: Permissions,
}

/// The patches that the repository has for kernels of this version, in their order.
pub fn load(repo: &Path, version: Version) -> Result<Vec<Patch>> {
    let mut patches = distribute(series::load(repo)?, collect(repo)?)?;
    for patch in &mut patches {
        patch.edits.retain(|edit| edit.is_for(version));
    }
    patches.retain(|patch| !patch.files.is_empty() || !patch.edits.is_empty());
    Ok(patches)
}

pub fn files(patches: &[Patch]) -> impl Iterator<Item = &OverlayFile> {
    patches.iter().flat_map(|patch| &patch.files)
}

/// Every edit, with the patch that it is in.
pub fn edits(patches: &[Patch]) -> impl Iterator<Item = (&Patch, &Edit)> {
    patches
        .iter()
        .flat_map(|patch| iter::repeat(patch).zip(&patch.edits))
}

/// An upstream file with all edits.
pub fn edit(patches: &[Patch], path: &TreePath, stock: &str) -> Result<String, Vec<Refusal>> {
    let mut text = stock.to_owned();
    let mut refusals = Vec::new();
    for (patch, edit) in edits(patches).filter(|(_, edit)| edit.file == *path) {
        match edit.apply(&text) {
            Ok(edited) => text = edited,
            Err(misfit) => refusals.push(Refusal::misfit(patch, edit, misfit)),
        }
    }
    if refusals.is_empty() {
        Ok(text)
    } else {
        Err(refusals)
    }
}

/// Gives each file to the patch that names it, if that is one.
fn distribute(series: Vec<Definition>, files: Vec<OverlayFile>) -> Result<Vec<Patch>> {
    let mut complaints = Vec::new();
    let paths: Vec<&TreePath> = files.iter().map(|file| &file.target).collect();
    for patch in &series {
        for pattern in patch.files.idle(&paths) {
            complaints.push(format!("{}: `files`: {pattern:?} is no file", patch.name));
        }
        for edit in patch
            .edits
            .iter()
            .filter(|edit| paths.contains(&&edit.file))
        {
            let file = &edit.file;
            complaints.push(format!(
                "{}: {file}: is the overlay's own file; change it there",
                patch.name
            ));
        }
    }

    let mut brought: Vec<Vec<OverlayFile>> = series.iter().map(|_| Vec::new()).collect();
    for file in files {
        let owners = (0..series.len()).filter(|&at| series[at].files.have(&file.target));
        let owners: Vec<usize> = owners.collect();
        match owners[..] {
            [owner] => brought[owner].push(file),
            [] => complaints.push(format!(
                "{}: is in no patch; name it in `files` of one in series/",
                file.target
            )),
            [first, second, ..] => complaints.push(format!(
                "{}: is in two patches, {} and {}",
                file.target, series[first].name, series[second].name
            )),
        }
    }
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    let patches = series.into_iter().zip(brought);
    let patches = patches.map(|(definition, files)| Patch {
        name: definition.name,
        message: definition.message,
        files,
        edits: definition.edits,
    });
    Ok(patches.collect())
}

/// Every file of the repository that is for the kernel.
fn collect(repo: &Path) -> Result<Vec<OverlayFile>> {
    let mut files = Vec::new();
    for folder in MIRRORED {
        let top = repo.join(folder);
        if top.is_dir() {
            walk(repo, &top, &mut files)?;
        }
    }
    for (from, to) in MOVED {
        let path = repo.join(from);
        if path.exists() {
            files.push(read(&path, (*to).to_owned())?);
        }
    }
    files.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(files)
}

fn walk(repo: &Path, top: &Path, files: &mut Vec<OverlayFile>) -> Result<()> {
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
