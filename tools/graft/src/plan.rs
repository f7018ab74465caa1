// SPDX-License-Identifier: GPL-2.0

//! From what is applied to what shall be applied. Everything is examined first; only a tree
//! that fits entirely is written to.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};

use crate::overlay::{self, OverlayFile, Patch};
use crate::record::{sha256, Edited, File, Record};
use crate::refusal::{Refusal, Refused};
use crate::tree::{Tree, TreePath};

#[derive(Default)]
pub struct Plan {
    /// The overlay's own files, and those that are no longer.
    pub files: Vec<Step>,
    /// Upstream's files.
    pub edited: Vec<Step>,
    pub refusals: Vec<Refusal>,
    /// The tree's record now, and as it shall be.
    before: Record,
    after: Record,
}

/// One file: how it is, how upstream has it, and how it shall be. `None`: there is none.
pub struct Step {
    pub path: TreePath,
    pub current: Option<Vec<u8>>,
    pub stock: Option<Vec<u8>>,
    pub wanted: Option<Vec<u8>>,
    mode: Permissions,
}

impl Step {
    pub fn is_done(&self) -> bool {
        self.current == self.wanted
    }
}

impl Plan {
    /// The way from the tree as it is to a tree with exactly these patches.
    pub fn new(tree: &Tree, patches: &[Patch]) -> Result<Self> {
        let plan = Self::examine(tree, patches)?;
        if plan.refusals.is_empty() {
            Ok(plan)
        } else {
            Err(Refused(plan.refusals).into())
        }
    }

    /// The same, although there may be reasons to refuse the tree.
    pub fn examine(tree: &Tree, patches: &[Patch]) -> Result<Self> {
        let mut plan = Plan {
            before: Record::load(tree)?,
            ..Self::default()
        };
        let was_edited = plan.before.edited.iter().map(|edited| &edited.path);
        let to_edit = overlay::edits(patches).map(|(_, edit)| &edit.file);
        let paths: BTreeSet<TreePath> = was_edited.chain(to_edit).cloned().collect();
        for path in paths {
            match plan.edit(tree, patches, path)? {
                Ok(step) => plan.edited.push(step),
                Err(refusals) => plan.refusals.extend(refusals),
            }
        }
        for file in overlay::files(patches) {
            plan.add(tree, file)?;
        }
        plan.drop_old_files(tree, patches)?;
        plan.after.folders = plan.new_folders(tree, patches)?;
        Ok(plan)
    }

    fn edit(
        &mut self,
        tree: &Tree,
        patches: &[Patch],
        path: TreePath,
    ) -> Result<Result<Step, Vec<Refusal>>> {
        let (current, stock) = match self.undo(tree, patches, &path)? {
            Ok(texts) => texts,
            Err(refusal) => return Ok(Err(vec![refusal])),
        };
        let wanted = match overlay::edit(patches, &path, &stock) {
            Ok(wanted) => wanted,
            Err(refusals) => return Ok(Err(refusals)),
        };
        if wanted != stock {
            let edited = Edited::new(path.clone(), &stock, &wanted);
            self.after.edited.push(edited);
        }
        Ok(Ok(Step {
            mode: fs::metadata(tree.path(&path))?.permissions(),
            current: Some(current.into()),
            stock: Some(stock.into()),
            wanted: Some(wanted.into()),
            path,
        }))
    }

    /// A file of upstream's as it is, and without the edits of which the record tells.
    fn undo(
        &self,
        tree: &Tree,
        patches: &[Patch],
        path: &TreePath,
    ) -> Result<Result<(String, String), Refusal>> {
        let file = path.clone();
        let Some(bytes) = tree.read(path)? else {
            let mut edits = overlay::edits(patches).filter(|(_, edit)| edit.file == *path);
            return Ok(Err(match edits.next() {
                Some((patch, _)) => Refusal::NoFile {
                    patch: patch.name.clone(),
                    file,
                },
                None => Refusal::Gone { file },
            }));
        };
        let link = fs::symlink_metadata(tree.path(path))
            .with_context(|| path.to_string())?
            .is_symlink();
        let Some(current) = String::from_utf8(bytes).ok().filter(|_| !link) else {
            return Ok(Err(Refusal::NotText { file }));
        };
        let Some(edited) = self.before.edited(path) else {
            return Ok(Ok((current.clone(), current)));
        };
        Ok(match edited.undo(&current) {
            Some(stock) => Ok((current, stock)),
            None => Err(Refusal::Lost {
                file,
                diff: edited.diff.clone(),
            }),
        })
    }

    fn add(&mut self, tree: &Tree, file: &OverlayFile) -> Result<()> {
        let path = file.target.clone();
        let current = tree.read(&path)?;
        match (&current, self.before.file(&path)) {
            (Some(_), None) => self.refusals.push(Refusal::Foreign { file: path.clone() }),
            (Some(there), Some(ours)) if *there != file.content && sha256(there) != ours.sha256 => {
                self.refusals.push(Refusal::Changed { file: path.clone() });
            }
            _ => {}
        }
        self.after.files.push(File {
            path: path.clone(),
            sha256: sha256(&file.content),
        });
        self.files.push(Step {
            path,
            current,
            stock: None,
            wanted: Some(file.content.clone()),
            mode: file.mode.clone(),
        });
        Ok(())
    }

    fn drop_old_files(&mut self, tree: &Tree, patches: &[Patch]) -> Result<()> {
        let wanted: BTreeSet<_> = overlay::files(patches).map(|file| &file.target).collect();
        for file in &self.before.files {
            if wanted.contains(&file.path) {
                continue;
            }
            let current = tree.read(&file.path)?;
            if current
                .as_ref()
                .is_some_and(|there| sha256(there) != file.sha256)
            {
                self.refusals.push(Refusal::Changed {
                    file: file.path.clone(),
                });
            }
            self.files.push(Step {
                path: file.path.clone(),
                current,
                stock: None,
                wanted: None,
                mode: Permissions::from_mode(0o644),
            });
        }
        Ok(())
    }

    /// The folders that exist for the overlay's sake only.
    fn new_folders(&mut self, tree: &Tree, patches: &[Patch]) -> Result<Vec<TreePath>> {
        let needed = overlay::files(patches).flat_map(|file| file.target.folders());
        let needed: BTreeSet<TreePath> = needed.collect();
        let mut folders = Vec::new();
        for folder in needed {
            match fs::metadata(tree.path(&folder)) {
                Ok(meta) if !meta.is_dir() => {
                    self.refusals.push(Refusal::NotAFolder { file: folder });
                }
                Ok(_) if !self.before.folders.contains(&folder) => {}
                _ => folders.push(folder),
            }
        }
        Ok(folders)
    }

    pub fn execute(&self, tree: &Tree) -> Result<()> {
        // The record goes first and is taken away last: an interrupted run can be undone.
        let reverts = self.after == Record::default();
        if self.after != self.before && !reverts {
            self.after.store(tree)?;
        }
        for step in self.edited.iter().chain(&self.files) {
            match &step.wanted {
                _ if step.is_done() => {}
                Some(content) => tree.write(&step.path, content, step.mode.clone())?,
                None => tree.remove(&step.path)?,
            }
        }
        for folder in self.before.folders.iter().rev() {
            if !self.after.folders.contains(folder) {
                tree.remove_folder_if_empty(folder)?;
            }
        }
        if reverts {
            self.after.store(tree)?;
        }
        Ok(())
    }

    pub fn summary(&self) -> String {
        let count = |steps: &[Step], wanted: bool, done: bool| {
            let is = |step: &&Step| (step.wanted != step.stock) == wanted && step.is_done() == done;
            steps.iter().filter(is).count()
        };
        let line = |steps| {
            let (written, unchanged) = (count(steps, true, false), count(steps, true, true));
            format!(
                "{written} written, {unchanged} unchanged, {} ",
                count(steps, false, false)
            )
        };
        format!(
            "our files: {}removed\nupstream's files: {}restored",
            line(&self.files),
            line(&self.edited)
        )
    }
}
