// SPDX-License-Identifier: GPL-2.0

//! Why a tree is refused. All reasons are collected, so that one run shows them all.

use std::fmt;

use crate::tree::TreePath;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{hooks}: {file}: no such file in the tree")]
    NoFile { hooks: String, file: TreePath },

    #[error("{hooks}: {file}: is the overlay's own file; change it there")]
    OwnFile { hooks: String, file: TreePath },

    #[error("{file}: must be a regular file of UTF-8 text to be hooked")]
    NotText { file: TreePath },

    #[error("{hooks}: {file}: the anchor must occur once, occurs {count} times: `{anchor}`")]
    Anchor {
        hooks: String,
        file: TreePath,
        anchor: String,
        count: usize,
    },

    #[error("{hooks}: {file}: no function body opens below the anchor `{anchor}`")]
    NoBody {
        hooks: String,
        file: TreePath,
        anchor: String,
    },

    #[error("{file}: exists already and is not ours; it would be overwritten")]
    Foreign { file: TreePath },

    #[error(
        "{file}: was edited after it was grafted; take the change over into the overlay, then \
         delete this copy"
    )]
    Edited { file: TreePath },

    #[error("{file}: is in the way of a folder")]
    NotAFolder { file: TreePath },

    #[error("{file}: cannot find the lines that were inserted here; put them back:\n{lines}")]
    Lost { file: TreePath, lines: String },
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
