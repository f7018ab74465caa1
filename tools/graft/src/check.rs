// SPDX-License-Identifier: GPL-2.0

//! Says of each file and each hook whether the tree has it.

use std::fmt;

use anyhow::Result;

use crate::hooks::Insertion;
use crate::overlay::Overlay;
use crate::plan::{hook_text, hooked_paths};
use crate::refusal::Refusal;
use crate::state::State;
use crate::tree::{Tree, TreePath};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Applied,
    Missing,
    Differs,
    Refused,
}

type Row = (Status, String);

pub struct Report {
    heading: String,
    files: Vec<Row>,
    hooks: Vec<Row>,
}

pub fn report(tree: &Tree, overlay: &Overlay) -> Result<Report> {
    let state = State::load(tree)?;
    let mut hooks = Vec::new();
    for path in hooked_paths(&state, overlay) {
        hooks.extend(hooks_of(tree, overlay, &state, &path)?);
    }
    Ok(Report {
        heading: tree.describe(),
        files: files(tree, overlay, &state)?,
        hooks,
    })
}

fn files(tree: &Tree, overlay: &Overlay, state: &State) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for file in &overlay.files {
        let status = match tree.read(&file.target)? {
            None => Status::Missing,
            Some(content) if content == file.content => Status::Applied,
            Some(_) => Status::Differs,
        };
        rows.push((status, file.target.to_string()));
    }
    let wanted = |path: &TreePath| overlay.files.iter().any(|file| file.target == *path);
    for old in state.files.iter().filter(|old| !wanted(&old.path)) {
        if tree.read(&old.path)?.is_some() {
            let row = format!("{}: no longer in the overlay", old.path);
            rows.push((Status::Differs, row));
        }
    }
    Ok(rows)
}

fn hooks_of(tree: &Tree, overlay: &Overlay, state: &State, path: &TreePath) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut applied: Vec<&Insertion> = Vec::new();
    match hook_text(tree, overlay, state, path)? {
        // Whatever the record says, a file as it was without hooks has none.
        Ok(text) if text.current == text.stock => {}
        Ok(_) => {
            let blocks = state.hooked(path).map_or(&[][..], |hooked| &hooked.blocks);
            applied.extend(blocks.iter().flat_map(|block| &block.insertions));
        }
        Err(refusals) => {
            let row = |refusal: Refusal| (Status::Refused, refusal.to_string());
            rows.extend(refusals.into_iter().map(row));
        }
    }
    for hook in overlay.hooks.iter().filter(|hook| hook.file == *path) {
        let wanted = &hook.insertion;
        let status = match applied.iter().position(|there| *there == wanted) {
            Some(at) => {
                applied.remove(at);
                Status::Applied
            }
            None => Status::Missing,
        };
        rows.push((status, format!("{path}: {wanted} ({})", hook.source)));
    }
    let differs = |old| {
        (
            Status::Differs,
            format!("{path}: {old}: not what hooks/ says now"),
        )
    };
    rows.extend(applied.into_iter().map(differs));
    Ok(rows)
}

impl Report {
    pub fn complete(&self) -> bool {
        let mut rows = self.files.iter().chain(&self.hooks);
        rows.all(|(status, _)| *status == Status::Applied)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, rows) in [("file", &self.files), ("hook", &self.hooks)] {
            for (status, row) in rows {
                let status = match status {
                    Status::Applied => "applied",
                    Status::Missing => "missing",
                    Status::Differs => "differs",
                    Status::Refused => "refused",
                };
                writeln!(f, "{kind}  {status}  {row}")?;
            }
        }
        let applied =
            |rows: &[(Status, String)]| rows.iter().filter(|(s, _)| *s == Status::Applied).count();
        writeln!(
            f,
            "{}: {} of {} files and {} of {} hooks are applied as the overlay has them",
            self.heading,
            applied(&self.files),
            self.files.len(),
            applied(&self.hooks),
            self.hooks.len(),
        )
    }
}
