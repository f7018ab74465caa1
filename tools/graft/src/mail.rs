// SPDX-License-Identifier: GPL-2.0

//! The series as mails that `git am` takes. git itself writes them, from commits in a repository
//! that holds the edited files only, and is thrown away.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};
use tempfile::TempDir;

use crate::overlay::Patch;
use crate::plan::Plan;
use crate::record;
use crate::series::Message;
use crate::tree::Tree;

const BRANCH: &str = "series";
const UPSTREAM: &str = "upstream";

/// Writes the mails to the folder `out`, in the place of earlier ones. Their author is whoever
/// commits to `repo`.
pub fn write(
    repo: &Path,
    tree: &Tree,
    patches: &[Patch],
    cover: &Message,
    out: &Path,
) -> Result<()> {
    let scratch = Scratch::new(repo)?;
    let copy = tree.at(scratch.folder.path());
    for step in Plan::new(tree, patches)?.edited {
        let stock = step.stock.unwrap_or_default();
        copy.write(&step.path, &stock, Permissions::from_mode(0o644))?;
    }
    scratch.commit("Upstream's files\n")?;
    scratch.git(&["tag", UPSTREAM], "")?;
    for (count, patch) in (1..).zip(patches) {
        Plan::new(&copy, &patches[..count])?.execute(&copy)?;
        scratch.commit(&patch.message.text())?;
    }
    empty(out)?;
    scratch.format(cover, out)
}

fn empty(out: &Path) -> Result<()> {
    fs::create_dir_all(out)?;
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "patch") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

struct Scratch {
    folder: TempDir,
    name: String,
    mail: String,
}

impl Scratch {
    fn new(repo: &Path) -> Result<Self> {
        let mut ask = Command::new("git");
        ask.current_dir(repo)
            .args(["-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT"]);
        let author = run(&mut ask, "")?;
        let (name, rest) = author.split_once(" <").context(author.clone())?;
        let (mail, _) = rest.split_once('>').context(author.clone())?;
        let scratch = Self {
            folder: tempfile::tempdir()?,
            name: name.to_owned(),
            mail: mail.to_owned(),
        };
        scratch.git(&["init", "--quiet", "--initial-branch", BRANCH], "")?;
        let exclude = scratch.folder.path().join(".git/info/exclude");
        fs::write(exclude, format!("/{}\n", record::FILE))?;
        Ok(scratch)
    }

    fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"], "")?;
        self.git(&["commit", "--quiet", "--signoff", "--file=-"], message)
    }

    fn format(&self, cover: &Message, out: &Path) -> Result<()> {
        let description = format!("branch.{BRANCH}.description");
        self.git(&["config", &description, &cover.text()], "")?;
        let out = std::path::absolute(out)?;
        let out = out.to_str().context("the folder's name is not UTF-8")?;
        let letter = ["--cover-letter", "--cover-from-description=subject"];
        self.git(
            &[
                "format-patch",
                "--quiet",
                letter[0],
                letter[1],
                "-o",
                out,
                UPSTREAM,
            ],
            "",
        )
    }

    /// The user's configuration must not shape the mails.
    fn git(&self, arguments: &[&str], input: &str) -> Result<()> {
        let mut git = Command::new("git");
        git.current_dir(self.folder.path())
            .args(arguments)
            .envs([
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
            ])
            .envs([
                ("GIT_AUTHOR_NAME", &self.name),
                ("GIT_COMMITTER_NAME", &self.name),
            ])
            .envs([
                ("GIT_AUTHOR_EMAIL", &self.mail),
                ("GIT_COMMITTER_EMAIL", &self.mail),
            ]);
        run(&mut git, input).map(drop)
    }
}

fn run(git: &mut Command, input: &str) -> Result<String> {
    // Set where a hook of git's runs this, and about another repository.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    let mut child = git
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("git")?;
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "git {:?}: {}",
        git.get_args().collect::<Vec<_>>(),
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
