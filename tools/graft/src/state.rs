// SPDX-License-Identifier: GPL-2.0

//! The record that a graft leaves in the tree, from which it is reverted or updated although
//! the overlay has changed since.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::text::Block;
use crate::tree::{Tree, TreePath};

const FILE: &str = ".efi-rtmap.toml";
const HEADING: &str = "# What efi-rtmap's graft did to this tree. `graft --revert` needs it.\n";

#[derive(Default, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Folders that were not there before.
    pub folders: Vec<TreePath>,
    #[serde(rename = "file", default)]
    pub files: Vec<File>,
    #[serde(rename = "hooked", default)]
    pub hooked: Vec<Hooked>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub path: TreePath,
    pub sha256: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooked {
    pub path: TreePath,
    /// Of the file without the hooks. The record is written before the files are, so after
    /// an interrupted run a file may still be as it was.
    pub stock_sha256: String,
    #[serde(rename = "block")]
    pub blocks: Vec<Block>,
}

impl State {
    pub fn load(tree: &Tree) -> Result<Self> {
        let Some(bytes) = tree.read(&path())? else {
            return Ok(Self::default());
        };
        let parsed = toml::from_str(&String::from_utf8_lossy(&bytes));
        parsed.with_context(|| format!("{}: damaged", tree.path(&path()).display()))
    }

    /// Writes the record; an empty one is removed.
    pub fn store(&self, tree: &Tree) -> Result<()> {
        if *self == Self::default() {
            return match tree.read(&path())? {
                Some(_) => tree.remove(&path()),
                None => Ok(()),
            };
        }
        let text = format!("{HEADING}{}", toml::to_string(self)?);
        tree.write(&path(), text.as_bytes(), Permissions::from_mode(0o644))
    }

    pub fn file(&self, path: &TreePath) -> Option<&File> {
        self.files.iter().find(|file| file.path == *path)
    }

    pub fn hooked(&self, path: &TreePath) -> Option<&Hooked> {
        self.hooked.iter().find(|hooked| hooked.path == *path)
    }
}

fn path() -> TreePath {
    TreePath::try_from(FILE.to_owned()).expect("a plain name")
}

pub fn sha256(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}
