// SPDX-License-Identifier: GPL-2.0

//! The patch series as the repository has it: one file for each logical patch, in the order of
//! their names.

use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};
use glob::{MatchOptions, Pattern};
use serde::Deserialize;

use crate::edit::Edit;
use crate::results;
use crate::tree::TreePath;

const FOLDER: &str = "series";
const COVER_LETTER: &str = "cover-letter.toml";

/// The longest line of a message: mail is quoted.
const WIDTH: usize = 75;

/// A message to maintainers, as it is mailed.
#[derive(Debug)]
pub struct Message {
    pub subject: String,
    pub body: String,
}

impl Message {
    pub fn text(&self) -> String {
        format!("{}\n\n{}", self.subject, self.body)
    }
}

#[derive(Debug)]
pub struct Definition {
    /// `0003-efi-rtmap-decide`
    pub name: String,
    pub message: Message,
    pub files: Files,
    pub edits: Vec<Edit>,
}

/// The overlay files of a patch: patterns for their paths in the kernel tree. One that begins with
/// `!` takes files out again.
#[derive(Debug, Default)]
pub struct Files {
    wanted: Vec<Pattern>,
    unwanted: Vec<Pattern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    subject: String,
    message: String,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default, rename = "edit")]
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    subject: String,
    message: String,
    /// The sentence before the figures.
    measured: String,
}

/// Every patch of the repository.
pub fn load(repo: &Path) -> Result<Vec<Definition>> {
    let folder = repo.join(FOLDER);
    let entries = fs::read_dir(&folder).with_context(|| {
        format!(
            "{}: no series there; give the efi-rtmap repository with --overlay",
            folder.display()
        )
    })?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    paths.retain(|path| path.file_name().is_some_and(|name| name != COVER_LETTER));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        definition(&name, &read(path)?).with_context(|| path.display().to_string())
    };
    paths.iter().map(read).collect()
}

/// The letter before the patches. If the repository has a page of results, its figures are in it.
pub fn cover_letter(repo: &Path) -> Result<Message> {
    let path = repo.join(FOLDER).join(COVER_LETTER);
    let name = || path.display().to_string();
    let letter: Letter = toml::from_str(&read(&path)?).with_context(name)?;
    let mut body = letter.message;
    let page = repo.join(results::PAGE);
    if page.exists() {
        let figures = results::count(&read(&page)?);
        let figures = figures.with_context(|| page.display().to_string())?;
        body = format!("{body}\n{}\n{figures}", letter.measured);
    }
    let subject = letter.subject;
    checked(Message { subject, body }).with_context(name)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn definition(name: &str, text: &str) -> Result<Definition> {
    let text: Text = toml::from_str(text)?;
    let numbered = |(at, edit): (usize, Edit)| {
        let name = format!("edit {} ({})", at + 1, edit.file);
        edit.checked().context(name)
    };
    Ok(Definition {
        name: name.to_owned(),
        message: checked(Message {
            subject: text.subject,
            body: text.message,
        })?,
        files: Files::new(&text.files)?,
        edits: text
            .edits
            .into_iter()
            .enumerate()
            .map(numbered)
            .collect::<Result<_>>()?,
    })
}

fn checked(message: Message) -> Result<Message> {
    if message.subject.trim().is_empty() || message.subject.contains('\n') {
        bail!(
            "`subject` must be one line that is not blank, not {:?}",
            message.subject
        );
    }
    if message.body.trim().is_empty() {
        bail!("`message` is empty; say what the problem is, and how the patch solves it");
    }
    if let Some(line) = message.body.lines().find(|l| l.chars().count() > WIDTH) {
        bail!("`message` has a line of more than {WIDTH} characters; wrap it: {line:?}");
    }
    Ok(message)
}

impl Files {
    fn new(patterns: &[String]) -> Result<Self> {
        let mut files = Self::default();
        for text in patterns {
            let (list, text) = match text.strip_prefix('!') {
                Some(rest) => (&mut files.unwanted, rest),
                None => (&mut files.wanted, text.as_str()),
            };
            list.push(Pattern::new(text).with_context(|| format!("`files`: {text:?}"))?);
        }
        Ok(files)
    }

    pub fn have(&self, path: &TreePath) -> bool {
        let hit = |patterns: &[Pattern]| patterns.iter().any(|pattern| matches(pattern, path));
        hit(&self.wanted) && !hit(&self.unwanted)
    }

    /// The patterns that are about none of `paths`.
    pub fn idle<'a>(&'a self, paths: &'a [&TreePath]) -> impl Iterator<Item = &'a str> {
        let idle = move |pattern: &&Pattern| !paths.iter().any(|path| matches(pattern, path));
        let patterns = self.wanted.iter().chain(&self.unwanted);
        patterns.filter(idle).map(Pattern::as_str)
    }
}

fn matches(pattern: &Pattern, path: &TreePath) -> bool {
    let options = MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::new()
    };
    pattern.matches_with(path.as_str(), options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "subject = 'efi: Do'\nmessage = '''\nWhy.\n'''\nfiles = ['a/**']\n\
                        [[edit]]\nfile = 'a/b.c'\nanchor = '\tx();  '\nplace = 'after'\n\
                        lines = '''\n\ty();\n'''\n";

    fn refusal(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "no {from:?}");
        let error = definition("0001-do", &GOOD.replace(from, to));
        format!("{:#}", error.expect_err("accepted"))
    }

    #[test]
    fn reads_a_patch() {
        let patch = definition("0001-do", GOOD).unwrap();
        assert_eq!(patch.name, "0001-do");
        assert_eq!(patch.message.subject, "efi: Do");
        assert_eq!(patch.message.body, "Why.\n");
        assert_eq!(patch.edits.len(), 1);
        assert_eq!(patch.edits[0].file.to_string(), "a/b.c");
        assert_eq!(
            patch.edits[0].apply("\tx();\n").unwrap(),
            "\tx();\n\ty();\n"
        );
    }

    #[test]
    fn refuses_a_definition_that_is_none() {
        let cases = [
            ("'efi: Do'", "' '", "`subject` must be one line"),
            ("'efi: Do'", "\"efi:\\nDo\"", "`subject` must be one line"),
            ("subject = 'efi: Do'\n", "", "missing field `subject`"),
            ("Why.", "", "`message` is empty"),
            ("message", "massage", "unknown field `massage`"),
            ("a/**", "a/***", "`files`: \"a/***\""),
            (
                "'\tx();  '",
                "' '",
                "edit 1 (a/b.c): `anchor` must be one upstream line",
            ),
            (
                "'\tx();  '",
                "\"x\\ny\"",
                "`anchor` must be one upstream line",
            ),
            ("'after'", "'below'", "unknown variant `below`"),
            ("\ty();\n", "\n", "`lines` is empty"),
            ("place =", "since = '7'\nplace =", "`7` is not the number"),
            ("a/b.c", "../b.c", "`../b.c` is not a path inside"),
            ("a/b.c", "/etc/passwd", "`/etc/passwd` is not a path inside"),
        ];
        for (from, to, reason) in cases {
            let message = refusal(from, to);
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_line_of_a_message_has_75_characters_at_most() {
        let fits = GOOD.replace("Why.", &"ü".repeat(75));
        definition("0001-do", &fits).unwrap();
        assert!(refusal("Why.", &"ü".repeat(76)).contains("more than 75 characters"));
    }

    #[test]
    fn a_pattern_stays_in_its_folder() {
        let path = |text: &str| TreePath::try_from(text.to_owned()).unwrap();
        let files = Files::new(&["a/*".into(), "b/**".into(), "!b/**/no.c".into()]).unwrap();
        let has = |text| files.have(&path(text));
        assert!(has("a/x.c") && !has("a/deep/x.c") && !has("ba/x.c"));
        assert!(has("b/x.c") && has("b/deep/er/x.c"));
        assert!(!has("b/no.c") && !has("b/deep/no.c"));
    }
}
