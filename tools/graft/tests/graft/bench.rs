// SPDX-License-Identifier: GPL-2.0

//! A small kernel tree and a small overlay, and ways to look at them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub const EFI_C: &str = "#include <linux/efi.h>

static int efi_count;
static bool efi_late;

int efi_enter(void)
{
\tint ret = 0;

\tif (ret)
\t\treturn ret;
\treturn 0;
}

static void efi_tail(void)
{
\treturn;
}
";

/// The patch that brings the crate.
pub const CRATE: &str = "series/0001-crate.toml";
const CRATE_TEXT: &str = r#"
subject = "efi: rtmap: Add the crate"
message = "It decides."
files = ["drivers/firmware/efi/rust/**", "!drivers/firmware/efi/rust/Kconfig"]

[[edit]]
file = "drivers/firmware/efi/Makefile"
anchor = "obj-$(CONFIG_EFI) += efi.o"
place = "after"
lines = "obj-$(CONFIG_EFI_RTMAP) += rust/"
"#;

/// The patch that calls it.
pub const CALLS: &str = "series/0002-calls.toml";
const CALLS_TEXT: &str = r#"
subject = "efi: Let the runtime map take over"
message = "It is offered and called."
files = ["drivers/firmware/efi/rust/Kconfig"]

[[edit]]
file = "drivers/firmware/efi/efi.c"
anchor = "int efi_enter(void)"
place = "body"
lines = '''
	if (efi_rtmap_enter())
		return 0;
'''

[[edit]]
file = "drivers/firmware/efi/efi.c"
anchor = "	return;"
place = "instead"
lines = '''
	efi_rtmap_leave();
'''
"#;

const COVER_LETTER: &str = "series/cover-letter.toml";
const COVER_LETTER_TEXT: &str = r#"
subject = "efi: A runtime map in Rust"
message = "It is handed over.\n"
measured = "Measured:\n"
"#;

pub const RESULTS: &str = "docs/results/comparison.rst";
const RESULTS_TEXT: &str = "x86_64
======

   * - misbehaviour
     - stock
     - ours
     - in user mode
     - needed
   * - a lie
     - oops, panic
     - works
     - works
     - nothing
";

/// Everything about the tree that a graft may change.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, Entry>);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    content: Content,
    /// Nanoseconds since the epoch.
    mtime: i64,
    inode: u64,
}

/// The part of a file that must be the same after a revert, which renews times and inodes.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// `None` for a folder.
    bytes: Option<Vec<u8>>,
    mode: u32,
}

impl Snapshot {
    pub fn content(self) -> BTreeMap<PathBuf, Content> {
        let plain = |(path, entry): (PathBuf, Entry)| (path, entry.content);
        self.0.into_iter().map(plain).collect()
    }
}

pub struct Bench {
    _root: TempDir,
    pub tree: PathBuf,
    pub repo: PathBuf,
}

pub struct Outcome {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bench = Self {
            tree: root.path().join("linux"),
            repo: root.path().join("repo"),
            _root: root,
        };
        let efi = "drivers/firmware/efi";
        bench.tree_file(
            "Makefile",
            "# top\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION =\n",
        );
        bench.tree_file(
            &format!("{efi}/Makefile"),
            "# efi\nobj-$(CONFIG_EFI) += efi.o\nobj-y += x.o\n",
        );
        bench.tree_file(&format!("{efi}/efi.c"), EFI_C);
        bench.repo_file(&format!("{efi}/rust/plan/decide.rs"), "// decide\n");
        bench.repo_file("Kconfig", "config EFI_RTMAP\n");
        bench.repo_file("README.md", "not part of the overlay\n");
        bench.repo_file(CRATE, CRATE_TEXT);
        bench.repo_file(CALLS, CALLS_TEXT);
        bench.repo_file(COVER_LETTER, COVER_LETTER_TEXT);
        bench.repo_file(RESULTS, RESULTS_TEXT);
        bench
    }

    pub fn tree_file(&self, path: &str, content: &str) {
        write(&self.tree.join(path), content);
    }

    pub fn repo_file(&self, path: &str, content: &str) {
        write(&self.repo.join(path), content);
    }

    pub fn edit_tree(&self, path: &str, from: &str, to: &str) {
        edit(&self.tree.join(path), from, to);
    }

    pub fn edit_repo(&self, path: &str, from: &str, to: &str) {
        edit(&self.repo.join(path), from, to);
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree.join(path)).unwrap()
    }

    pub fn graft(&self, options: &[&str]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_graft"))
            .arg("--overlay")
            .arg(&self.repo)
            .args(options)
            .arg(&self.tree)
            .output()
            .unwrap();
        Outcome {
            success: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// For runs that have to succeed; gives what was printed.
    pub fn must(&self, options: &[&str]) -> String {
        let outcome = self.graft(options);
        assert!(outcome.success, "{}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }

    /// For runs that have to be refused and leave everything alone; gives the message.
    pub fn refused(&self, options: &[&str]) -> String {
        let before = self.snapshot();
        let outcome = self.graft(options);
        assert!(!outcome.success, "accepted: {}", outcome.stdout);
        assert_eq!(self.snapshot(), before);
        outcome.stderr
    }

    pub fn snapshot(&self) -> Snapshot {
        let entries = walkdir::WalkDir::new(&self.tree).into_iter().map(|entry| {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            let content = Content {
                bytes: meta.is_file().then(|| fs::read(entry.path()).unwrap()),
                mode: meta.mode(),
            };
            let found = Entry {
                content,
                mtime: meta.mtime() * 1_000_000_000 + meta.mtime_nsec(),
                inode: meta.ino(),
            };
            (entry.into_path(), found)
        });
        Snapshot(entries.collect())
    }
}

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn edit(path: &Path, from: &str, to: &str) {
    let content = fs::read_to_string(path).unwrap();
    assert!(content.contains(from), "{}: no {from:?}", path.display());
    fs::write(path, content.replace(from, to)).unwrap();
}
