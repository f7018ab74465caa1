// SPDX-License-Identifier: GPL-2.0

//! The whole graft as a unified diff against the pristine tree, for review and for `git apply`.

use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;

use anyhow::Result;
use similar::TextDiff;

use crate::overlay::{Overlay, OverlayFile};
use crate::plan::hook_text;
use crate::refusal::Refused;
use crate::state::State;
use crate::tree::{Tree, TreePath};

pub fn render(tree: &Tree, overlay: &Overlay) -> Result<String> {
    let state = State::load(tree)?;
    let mut patch = String::new();
    let mut refusals = Vec::new();
    // A file hooked by an earlier overlay only is, in a pristine tree, not touched at all.
    let mut paths: Vec<&TreePath> = overlay.hooks.iter().map(|hook| &hook.file).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        match hook_text(tree, overlay, &state, path)? {
            Ok(text) => {
                for hook in overlay.hooks.iter().filter(|hook| hook.file == *path) {
                    writeln!(patch, "{path}: {}", hook.insertion)?;
                    for line in hook.reason.lines() {
                        writeln!(patch, "    {line}")?;
                    }
                }
                writeln!(patch, "diff --git a/{path} b/{path}")?;
                let old = format!("a/{path}");
                patch.push_str(&unified(&text.stock, &text.hooked, &old, path));
            }
            Err(found) => refusals.extend(found),
        }
    }
    for file in &overlay.files {
        patch.push_str(&new_file(file)?);
    }
    if refusals.is_empty() {
        Ok(patch)
    } else {
        Err(Refused(refusals).into())
    }
}

fn new_file(file: &OverlayFile) -> Result<String> {
    let path = &file.target;
    let mode = if file.mode.mode() & 0o111 == 0 {
        "100644"
    } else {
        "100755"
    };
    let mut patch = format!("diff --git a/{path} b/{path}\nnew file mode {mode}\n");
    let content = String::from_utf8_lossy(&file.content);
    patch.push_str(&unified("", &content, "/dev/null", path));
    Ok(patch)
}

fn unified(old: &str, new: &str, old_name: &str, path: &TreePath) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(old_name, &format!("b/{path}"))
        .to_string()
}
