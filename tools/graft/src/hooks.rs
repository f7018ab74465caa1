// SPDX-License-Identifier: GPL-2.0

//! Hook definitions: the few lines that upstream files need, each with its anchor and reason.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};
use serde::{Deserialize, Serialize};

use crate::tree::{Series, TreePath};

const MAX_LINES: usize = 5;

/// Where the lines go, seen from the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Before,
    After,
    /// After the `{` that opens the body of the function whose head the anchor is in.
    Body,
}

/// The part of a hook that decides what a tree looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Insertion {
    pub anchor: String,
    pub place: Place,
    pub lines: String,
}

impl fmt::Display for Insertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Before => "before",
            Place::After => "after",
            Place::Body => "in the body below",
        };
        write!(f, "{place} `{}`", self.anchor.trim())
    }
}

#[derive(Debug)]
pub struct Hook {
    /// The definition's own file, for messages.
    pub source: String,
    pub file: TreePath,
    pub reason: String,
    /// The first kernel whose file has what the hook is for.
    since: Option<Series>,
    /// The last kernel that does not have it anyway.
    until: Option<Series>,
    pub insertion: Insertion,
}

impl Hook {
    pub fn is_for(&self, series: Series) -> bool {
        self.since.is_none_or(|since| since <= series)
            && self.until.is_none_or(|until| series <= until)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definitions {
    hook: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    file: TreePath,
    reason: String,
    since: Option<Series>,
    until: Option<Series>,
    anchor: String,
    place: Place,
    lines: String,
}

/// Reads every `*.toml` of a folder, in the order of their names.
pub fn load(folder: &Path) -> Result<Vec<Hook>> {
    let entries = fs::read_dir(folder).with_context(|| {
        format!(
            "{}: no hooks there; give the efi-rtmap repository with --overlay",
            folder.display()
        )
    })?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();

    let mut hooks = Vec::new();
    for path in files {
        let source = path.display().to_string();
        let text = fs::read_to_string(&path).with_context(|| source.clone())?;
        hooks.extend(parse(&source, &text).with_context(|| source.clone())?);
    }
    Ok(hooks)
}

fn parse(source: &str, text: &str) -> Result<Vec<Hook>> {
    let definitions: Definitions = toml::from_str(text)?;
    definitions
        .hook
        .into_iter()
        .enumerate()
        .map(|(index, definition)| {
            let name = format!("hook {} ({})", index + 1, definition.file);
            checked(source, definition).context(name)
        })
        .collect()
}

fn checked(source: &str, definition: Definition) -> Result<Hook> {
    let Definition {
        file,
        reason,
        since,
        until,
        anchor,
        place,
        mut lines,
    } = definition;
    if reason.trim().is_empty() {
        bail!("`reason` is empty; say why the upstream file needs these lines");
    }
    if anchor.trim().is_empty() || anchor.contains('\n') {
        bail!("`anchor` must be one upstream line that is not blank, not {anchor:?}");
    }
    if !lines.ends_with('\n') {
        lines.push('\n');
    }
    let count = lines.lines().count();
    if lines.trim().is_empty() || count > MAX_LINES {
        bail!("`lines` holds {count} lines; a hook is 1 to {MAX_LINES}, the rest belongs into the overlay");
    }
    Ok(Hook {
        source: source.to_owned(),
        file,
        reason: reason.trim().to_owned(),
        since,
        until,
        insertion: Insertion {
            anchor: anchor.trim_end().to_owned(),
            place,
            lines,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(change: impl Fn(&str) -> String) -> Result<Vec<Hook>> {
        let good = "[[hook]]\nfile = \"a/b.c\"\nreason = \"why\"\nanchor = '\tx();  '\n\
                    place = \"after\"\nlines = '''\n\ty();\n'''\n";
        parse("test.toml", &change(good))
    }

    fn refusal(from: &str, to: &str) -> String {
        let error = definition(|good| {
            assert!(good.contains(from));
            good.replace(from, to)
        });
        format!("{:#}", error.expect_err("accepted"))
    }

    #[test]
    fn reads_a_hook() {
        let hooks = definition(str::to_owned).unwrap();
        assert_eq!(hooks.len(), 1);
        assert_eq!(hooks[0].file.to_string(), "a/b.c");
        assert_eq!(hooks[0].insertion.anchor, "\tx();");
        assert_eq!(hooks[0].insertion.lines, "\ty();\n");
    }

    #[test]
    fn refuses_what_is_not_a_hook() {
        assert!(refusal("\"why\"", "\" \"").contains("hook 1 (a/b.c): `reason` is empty"));
        assert!(refusal("reason = \"why\"\n", "").contains("missing field `reason`"));
        assert!(refusal("reason", "raeson").contains("unknown field `raeson`"));
        assert!(refusal("'\tx();  '", "' '").contains("`anchor` must be one upstream line"));
        assert!(refusal("'\tx();  '", "\"x\\ny\"").contains("`anchor` must be one upstream line"));
        assert!(refusal("\"after\"", "\"below\"").contains("unknown variant `below`"));
        assert!(refusal("\ty();\n", "1\n2\n3\n4\n5\n6\n").contains("holds 6 lines"));
        assert!(refusal("\ty();\n", "\n").contains("holds 1 lines"));
        assert!(refusal("place =", "since = \"7\"\nplace =").contains("`7` is not the number"));
        assert!(refusal("a/b.c", "../b.c").contains("`../b.c` is not a path inside"));
        assert!(refusal("a/b.c", "/etc/passwd").contains("`/etc/passwd` is not a path inside"));
    }
}
