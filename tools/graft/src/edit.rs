// SPDX-License-Identifier: GPL-2.0

//! One edit of an upstream file: lines at an anchor, which is all that is kept of upstream's text.

use std::fmt;

use anyhow::{bail, Result};
use serde::Deserialize;

use crate::tree::{TreePath, Version};

/// Where the lines go, seen from the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    Before,
    After,
    /// In the place of the anchor, which goes.
    Instead,
    /// After the `{` that opens the body of the function whose head the anchor is in.
    Body,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub file: TreePath,
    /// The first kernel whose file has the anchor.
    since: Option<Version>,
    /// The last kernel that needs the edit.
    until: Option<Version>,
    pub anchor: String,
    place: Place,
    lines: String,
}

/// Why a text cannot be edited.
#[derive(Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The anchor must occur once; it occurs so many times.
    Anchor(usize),
    NoBody,
}

impl Edit {
    pub fn checked(mut self) -> Result<Self> {
        if self.anchor.trim().is_empty() || self.anchor.contains('\n') {
            bail!(
                "`anchor` must be one upstream line that is not blank, not {:?}",
                self.anchor
            );
        }
        if self.lines.trim().is_empty() {
            bail!("`lines` is empty; an edit brings at least one line that is not blank");
        }
        if !self.lines.ends_with('\n') {
            self.lines.push('\n');
        }
        self.anchor.truncate(self.anchor.trim_end().len());
        Ok(self)
    }

    pub fn is_for(&self, version: Version) -> bool {
        self.since.is_none_or(|since| since <= version)
            && self.until.is_none_or(|until| version <= until)
    }

    /// `text` with the edit.
    pub fn apply(&self, text: &str) -> Result<String, Misfit> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let anchor = self.find_anchor(&lines)?;
        let (head, tail) = match self.place {
            Place::Before => (anchor, anchor),
            Place::After => (anchor + 1, anchor + 1),
            Place::Instead => (anchor, anchor + 1),
            Place::Body => {
                let body = find_body(&lines, anchor).ok_or(Misfit::NoBody)?;
                (body, body)
            }
        };
        Ok(lines[..head].concat() + &self.lines + &lines[tail..].concat())
    }

    fn find_anchor(&self, lines: &[&str]) -> Result<usize, Misfit> {
        let mut found = (0..lines.len()).filter(|&at| lines[at].trim_end() == self.anchor);
        match (found.next(), found.count()) {
            (Some(anchor), 0) => Ok(anchor),
            (None, _) => Err(Misfit::Anchor(0)),
            (Some(_), more) => Err(Misfit::Anchor(1 + more)),
        }
    }
}

/// The first line of the body of the function whose head `anchor` is in.
fn find_body(lines: &[&str], anchor: usize) -> Option<usize> {
    // A blank line, a semicolon or a closing brace: the head ended without a body.
    let in_head = |line: &&str| !(line.is_empty() || line.ends_with(';') || line.starts_with('}'));
    let head = lines[anchor..].iter().map(|line| line.trim_end());
    let brace = head.take_while(in_head).position(|line| line == "{")?;
    Some(anchor + brace + 1)
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Before => "before",
            Place::After => "after",
            Place::Instead => "instead of",
            Place::Body => "in the body below",
        };
        write!(f, "{place} `{}`", self.anchor.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(anchor: &str, place: &str) -> Edit {
        let text = format!("file = 'a.c'\nanchor = '{anchor}'\nplace = '{place}'\nlines = 'X'");
        toml::from_str::<Edit>(&text).unwrap().checked().unwrap()
    }

    #[test]
    fn places_lines_around_the_anchor() {
        let text = "int f(int a,\n\t  int b)\n{\n\treturn a;   \n}\n";
        let cases = [
            (
                edit("int f(int a,", "before"),
                "X\nint f(int a,\n\t  int b)\n{\n\treturn a;   \n}\n",
            ),
            (
                edit("\treturn a;", "after"),
                "int f(int a,\n\t  int b)\n{\n\treturn a;   \nX\n}\n",
            ),
            (
                edit("\treturn a;", "instead"),
                "int f(int a,\n\t  int b)\n{\nX\n}\n",
            ),
            (
                edit("int f(int a,", "body"),
                "int f(int a,\n\t  int b)\n{\nX\n\treturn a;   \n}\n",
            ),
        ];
        for (edit, expected) in cases {
            assert_eq!(edit.apply(text).unwrap(), expected);
        }
    }

    #[test]
    fn the_anchor_occurs_once() {
        for place in ["before", "after", "instead", "body"] {
            let edit = edit("a", place);
            assert_eq!(edit.apply("x\n"), Err(Misfit::Anchor(0)));
            assert_eq!(edit.apply("a\nx\na \n\ta\n"), Err(Misfit::Anchor(2)));
        }
    }

    #[test]
    fn a_declaration_has_no_body() {
        let edit = edit("int f(int a,", "body");
        let declared = "int f(int a,\n\t  int b);\nint g(void)\n{\n}\n";
        assert_eq!(edit.apply(declared), Err(Misfit::NoBody));
        assert_eq!(edit.apply("int f(int a,\n"), Err(Misfit::NoBody));
    }
}
