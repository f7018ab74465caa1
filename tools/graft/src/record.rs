// SPDX-License-Identifier: GPL-2.0

//! The record that a graft leaves in the tree, from which it is reverted or updated although
//! the overlay has changed since.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::tree::{Tree, TreePath};

pub const FILE: &str = ".efi-rtmap.toml";
const HEADING: &str = "# What efi-rtmap's graft did to this tree. `graft --revert` needs it.\n";

#[derive(Default, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Folders that were not there before.
    pub folders: Vec<TreePath>,
    #[serde(rename = "file", default)]
    pub files: Vec<File>,
    #[serde(default)]
    pub edited: Vec<Edited>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub path: TreePath,
    pub sha256: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    pub path: TreePath,
    /// Of the file without the edits. The record is written before the files are, so after
    /// an interrupted run a file may still be as it was.
    pub stock_sha256: String,
    /// From there to the file with the edits.
    pub diff: String,
}

impl Edited {
    pub fn new(path: TreePath, stock: &str, edited: &str) -> Self {
        Self {
            path,
            stock_sha256: sha256(stock.as_bytes()),
            diff: diffy::create_patch(stock, edited).to_string(),
        }
    }

    /// The file without the edits, whatever else has been changed in it. `None` if that has been
    /// done too close to them.
    pub fn undo(&self, current: &str) -> Option<String> {
        if sha256(current.as_bytes()) == self.stock_sha256 {
            return Some(current.to_owned());
        }
        let diff = diffy::Patch::from_str(&self.diff).ok()?;
        diffy::apply(current, &diff.reverse()).ok()
    }
}

impl Record {
    pub fn load(tree: &Tree) -> Result<Self> {
        let Some(bytes) = tree.read(&path())? else {
            return Ok(Self::default());
        };
        let parsed = toml::from_str(&String::from_utf8_lossy(&bytes));
        parsed.with_context(|| {
            format!(
                "{}: damaged, or of another version of this tool: revert with that one, or take \
                 a fresh tree",
                tree.path(&path()).display()
            )
        })
    }

    /// Writes the record; an empty one is removed.
    pub fn store(&self, tree: &Tree) -> Result<()> {
        if *self == Self::default() {
            return match tree.read(&path())? {
                Some(_) => tree.remove(&path()),
                None => Ok(()),
            };
        }
        let text = format!("{HEADING}{}", toml::to_string_pretty(self)?);
        tree.write(&path(), text.as_bytes(), Permissions::from_mode(0o644))
    }

    pub fn file(&self, path: &TreePath) -> Option<&File> {
        self.files.iter().find(|file| file.path == *path)
    }

    pub fn edited(&self, path: &TreePath) -> Option<&Edited> {
        self.edited.iter().find(|edited| edited.path == *path)
    }
}

fn path() -> TreePath {
    TreePath::try_from(FILE.to_owned()).expect("a plain name")
}

pub fn sha256(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty numbered lines, with the change that `edit` makes.
    fn lines(edit: impl Fn(&mut Vec<String>)) -> String {
        let mut lines: Vec<String> = (0..20).map(|n| format!("line {n}\n")).collect();
        edit(&mut lines);
        lines.concat()
    }

    fn edited(stock: &str, edited: &str) -> Edited {
        let path = TreePath::try_from("a.c".to_owned()).unwrap();
        Edited::new(path, stock, edited)
    }

    #[test]
    fn undoes_what_was_done() {
        let stock = lines(|_| ());
        let grafted = lines(|lines| {
            lines[5] = "replaced\n".into();
            lines.insert(10, "inserted\n".into());
        });
        let record = edited(&stock, &grafted);
        assert_eq!(record.undo(&grafted).unwrap(), stock);
        assert_eq!(record.undo(&stock).unwrap(), stock);
    }

    #[test]
    fn keeps_a_change_elsewhere_and_refuses_one_nearby() {
        let record = edited(&lines(|_| ()), &lines(|l| l.insert(10, "ours\n".into())));
        let elsewhere = lines(|l| {
            l.insert(10, "ours\n".into());
            l.insert(0, "theirs\n".into());
        });
        assert_eq!(
            record.undo(&elsewhere).unwrap(),
            lines(|l| l.insert(0, "theirs\n".into()))
        );
        let nearby = lines(|l| {
            l.insert(10, "ours\n".into());
            l[9] = "theirs\n".into();
        });
        assert_eq!(record.undo(&nearby), None);
    }

    #[test]
    fn tells_an_inserted_line_from_an_equal_one_of_upstream() {
        let stock = lines(|l| l[15] = "#endif\n".into());
        let record = edited(
            &stock,
            &lines(|l| {
                l[15] = "#endif\n".into();
                l.insert(10, "#endif\n".into());
            }),
        );
        let ours_gone = lines(|l| {
            l[15] = "#endif\n".into();
            l.insert(0, "theirs\n".into());
        });
        assert_eq!(record.undo(&ours_gone), None);
    }
}
