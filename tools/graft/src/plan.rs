// SPDX-License-Identifier: GPL-2.0

//! From what is applied to what shall be applied. Everything is examined first; only a tree
//! that fits entirely is written to.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};

use anyhow::{Context, Result};

use crate::hooks::Hook;
use crate::overlay::{Overlay, OverlayFile};
use crate::refusal::{Refusal, Refused};
use crate::state::{sha256, File, Hooked, State};
use crate::text::{self, Misfit};
use crate::tree::{Tree, TreePath};

#[derive(Default)]
pub struct Plan {
    writes: Vec<Write>,
    removals: Vec<TreePath>,
    /// What the tree's record says now, and what it shall say.
    before: State,
    after: State,
    refusals: Vec<Refusal>,
}

struct Write {
    path: TreePath,
    content: Vec<u8>,
    mode: Permissions,
}

/// A hooked file without and with its hooks.
pub struct HookedText {
    pub current: String,
    pub stock: String,
    pub hooked: String,
    pub record: Option<Hooked>,
}

impl Plan {
    /// The way from the tree as it is to a tree with exactly this overlay.
    pub fn new(tree: &Tree, overlay: &Overlay) -> Result<Self> {
        let mut plan = Plan {
            before: State::load(tree)?,
            ..Self::default()
        };
        for path in hooked_paths(&plan.before, overlay) {
            plan.hook(tree, overlay, path)?;
        }
        for file in &overlay.files {
            plan.add(tree, file)?;
        }
        plan.drop_old_files(tree, overlay)?;
        plan.after.folders = plan.new_folders(tree, overlay)?;
        if plan.refusals.is_empty() {
            Ok(plan)
        } else {
            Err(Refused(plan.refusals).into())
        }
    }

    fn hook(&mut self, tree: &Tree, overlay: &Overlay, path: TreePath) -> Result<()> {
        let text = match hook_text(tree, overlay, &self.before, &path)? {
            Ok(text) => text,
            Err(refusals) => {
                self.refusals.extend(refusals);
                return Ok(());
            }
        };
        if text.hooked != text.current {
            self.writes.push(Write {
                mode: fs::metadata(tree.path(&path))?.permissions(),
                content: text.hooked.into_bytes(),
                path,
            });
        }
        self.after.hooked.extend(text.record);
        Ok(())
    }

    fn add(&mut self, tree: &Tree, file: &OverlayFile) -> Result<()> {
        let path = file.target.clone();
        let new_hash = sha256(&file.content);
        match (tree.read(&path)?, self.before.file(&path)) {
            (Some(_), None) => {
                self.refusals.push(Refusal::Foreign { file: path });
                return Ok(());
            }
            (Some(current), Some(_)) if current == file.content => {}
            (Some(current), Some(ours)) if sha256(&current) != ours.sha256 => {
                self.refusals.push(Refusal::Edited { file: path });
                return Ok(());
            }
            _ => self.writes.push(Write {
                path: path.clone(),
                content: file.content.clone(),
                mode: file.mode.clone(),
            }),
        }
        self.after.files.push(File {
            path,
            sha256: new_hash,
        });
        Ok(())
    }

    fn drop_old_files(&mut self, tree: &Tree, overlay: &Overlay) -> Result<()> {
        let wanted: BTreeSet<_> = overlay.files.iter().map(|file| &file.target).collect();
        for file in &self.before.files {
            if wanted.contains(&file.path) {
                continue;
            }
            let file_path = file.path.clone();
            match tree.read(&file.path)? {
                None => {}
                Some(current) if sha256(&current) == file.sha256 => self.removals.push(file_path),
                Some(_) => self.refusals.push(Refusal::Edited { file: file_path }),
            }
        }
        Ok(())
    }

    /// The folders that exist for the overlay's sake only.
    fn new_folders(&mut self, tree: &Tree, overlay: &Overlay) -> Result<Vec<TreePath>> {
        let needed = overlay.files.iter().flat_map(|file| file.target.folders());
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
        let reverts = self.after == State::default();
        if self.after != self.before && !reverts {
            self.after.store(tree)?;
        }
        for write in &self.writes {
            tree.write(&write.path, &write.content, write.mode.clone())?;
        }
        for path in &self.removals {
            tree.remove(path)?;
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
        let written = |paths: &[&TreePath]| {
            let hit = |path: &TreePath| self.writes.iter().any(|write| write.path == *path);
            paths.iter().filter(|path| hit(path)).count()
        };
        let files: Vec<_> = self.after.files.iter().map(|file| &file.path).collect();
        let hooked: Vec<_> = self.after.hooked.iter().map(|file| &file.path).collect();
        let restored = self.before.hooked.iter().map(|file| &file.path);
        let restored: Vec<_> = restored.filter(|path| !hooked.contains(path)).collect();
        format!(
            "files: {} applied ({} written, {} unchanged), {} removed\n\
             hooks: {} applied in {} upstream files ({} written, {} unchanged, {} restored)",
            files.len(),
            written(&files),
            files.len() - written(&files),
            self.removals.len(),
            count_hooks(&self.after),
            hooked.len(),
            written(&hooked),
            hooked.len() - written(&hooked),
            restored.len(),
        )
    }
}

fn count_hooks(state: &State) -> usize {
    let blocks = state.hooked.iter().flat_map(|hooked| &hooked.blocks);
    blocks.map(|block| block.insertions.len()).sum()
}

/// Every file that is hooked or shall be.
pub fn hooked_paths(state: &State, overlay: &Overlay) -> BTreeSet<TreePath> {
    let applied = state.hooked.iter().map(|hooked| &hooked.path);
    let wanted = overlay.hooks.iter().map(|hook| &hook.file);
    applied.chain(wanted).cloned().collect()
}

/// Works out one hooked file, or why it does not fit.
pub fn hook_text(
    tree: &Tree,
    overlay: &Overlay,
    state: &State,
    path: &TreePath,
) -> Result<Result<HookedText, Vec<Refusal>>> {
    let hooks: Vec<&Hook> = overlay.hooks.iter().filter(|h| h.file == *path).collect();
    let by = hooks.first().map_or("the tree's record", |h| &h.source);
    let (current, stock) = match stock_text(tree, state, path, by)? {
        Ok(texts) => texts,
        Err(refusal) => return Ok(Err(vec![refusal])),
    };
    if overlay.files.iter().any(|file| file.target == *path) {
        return Ok(Err(vec![Refusal::OwnFile {
            hooks: by.to_owned(),
            file: path.clone(),
        }]));
    }

    let mut places = Vec::new();
    let mut refusals = Vec::new();
    for hook in &hooks {
        match text::locate(&stock, &hook.insertion) {
            Ok(line) => places.push((line, &hook.insertion)),
            Err(misfit) => refusals.push(refuse(hook, misfit)),
        }
    }
    if !refusals.is_empty() {
        return Ok(Err(refusals));
    }
    let (hooked, blocks) = text::insert(&stock, places);
    let record = (!blocks.is_empty()).then(|| Hooked {
        path: path.clone(),
        stock_sha256: sha256(stock.as_bytes()),
        blocks,
    });
    Ok(Ok(HookedText {
        current,
        stock,
        hooked,
        record,
    }))
}

/// A hooked file as it is, and as it is without what the record says was inserted.
fn stock_text(
    tree: &Tree,
    state: &State,
    path: &TreePath,
    by: &str,
) -> Result<Result<(String, String), Refusal>> {
    let file = path.clone();
    let Some(bytes) = tree.read(path)? else {
        let hooks = by.to_owned();
        return Ok(Err(Refusal::NoFile { hooks, file }));
    };
    let link = fs::symlink_metadata(tree.path(path))
        .with_context(|| path.to_string())?
        .is_symlink();
    let Some(current) = String::from_utf8(bytes).ok().filter(|_| !link) else {
        return Ok(Err(Refusal::NotText { file }));
    };
    let Some(hooked) = state.hooked(path) else {
        return Ok(Ok((current.clone(), current)));
    };
    if sha256(current.as_bytes()) == hooked.stock_sha256 {
        return Ok(Ok((current.clone(), current)));
    }
    Ok(match text::strip(&current, &hooked.blocks) {
        Ok(stock) => Ok((current, stock)),
        Err(block) => Err(Refusal::Lost {
            file,
            lines: block.text(),
        }),
    })
}

fn refuse(hook: &Hook, misfit: Misfit) -> Refusal {
    let hooks = hook.source.clone();
    let file = hook.file.clone();
    let anchor = hook.insertion.anchor.trim().to_owned();
    match misfit {
        Misfit::Anchor(count) => Refusal::Anchor {
            hooks,
            file,
            anchor,
            count,
        },
        Misfit::NoBody => Refusal::NoBody {
            hooks,
            file,
            anchor,
        },
    }
}
