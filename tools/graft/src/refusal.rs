// SPDX-License-Identifier: GPL-2.0

//! Why a tree is refused. All reasons are collected, so that one run shows them all.

use std::fmt;

use crate::edit::{Edit, Misfit};
use crate::overlay::Patch;
use crate::tree::TreePath;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("series/{patch}.toml: {file}: no such file in the tree")]
    NoFile { patch: String, file: TreePath },

    #[error("{file}: was edited, and is gone; put it back")]
    Gone { file: TreePath },

    #[error("{file}: must be a regular file of UTF-8 text to be edited")]
    NotText { file: TreePath },

    #[error(
        "series/{patch}.toml: {file}: the anchor must occur once, occurs {count} times: `{anchor}`"
    )]
    Anchor {
        patch: String,
        file: TreePath,
        anchor: String,
        count: usize,
    },

    #[error("series/{patch}.toml: {file}: no function body opens below the anchor `{anchor}`")]
    NoBody {
        patch: String,
        file: TreePath,
        anchor: String,
    },

    #[error("{file}: exists already and is not ours; it would be overwritten")]
    Foreign { file: TreePath },

    #[error(
        "{file}: was changed after it was grafted; take the change over into the overlay, then \
         delete this copy"
    )]
    Changed { file: TreePath },

    #[error("{file}: is in the way of a folder")]
    NotAFolder { file: TreePath },

    #[error(
        "{file}: cannot undo the edits, as they or lines next to them were changed; put these \
         back:\n{diff}"
    )]
    Lost { file: TreePath, diff: String },
}

impl Refusal {
    pub fn misfit(patch: &Patch, edit: &Edit, misfit: Misfit) -> Self {
        let patch = patch.name.clone();
        let file = edit.file.clone();
        let anchor = edit.anchor.trim().to_owned();
        match misfit {
            Misfit::Anchor(count) => Self::Anchor {
                patch,
                file,
                anchor,
                count,
            },
            Misfit::NoBody => Self::NoBody {
                patch,
                file,
                anchor,
            },
        }
    }
}

#[derive(Debug)]
pub struct Refused(pub Vec<Refusal>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for refusal in &self.0 {
            writeln!(f, "{refusal}")?;
        }
        f.write_str("the tree is refused; nothing was changed")
    }
}

impl std::error::Error for Refused {}
