// SPDX-License-Identifier: GPL-2.0

//! The series as mails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::{Bench, Outcome, CALLS, RESULTS};

const MAILS: [&str; 3] = [
    "0000-cover-letter.patch",
    "0001-efi-rtmap-Add-the-crate.patch",
    "0002-efi-Let-the-runtime-map-take-over.patch",
];

/// Runs git, which has to succeed, as somebody who has configured nothing else.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args([
            "-c",
            "user.name=Ann Example",
            "-c",
            "user.email=ann@example.org",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn mail(bench: &Bench) -> (PathBuf, Outcome) {
    let out = bench.repo.join("patches");
    git(&bench.repo, &["init", "--quiet"]);
    git(&bench.repo, &["config", "user.name", "Ann Example"]);
    git(&bench.repo, &["config", "user.email", "ann@example.org"]);
    let outcome = bench.graft(&["--mail", out.to_str().unwrap()]);
    (out, outcome)
}

fn mails(bench: &Bench) -> PathBuf {
    let before = bench.snapshot();
    let (out, outcome) = mail(bench);
    assert!(outcome.success, "{}", outcome.stderr);
    assert_eq!(bench.snapshot(), before);
    let entries = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, MAILS);
    out
}

#[test]
fn git_takes_each_mail_and_comes_to_what_the_graft_does() {
    let bench = Bench::new();
    let out = mails(&bench);

    git(&bench.tree, &["init", "--quiet"]);
    git(&bench.tree, &["add", "--all"]);
    git(&bench.tree, &["commit", "--quiet", "--message", "stock"]);
    let mut states = Vec::new();
    for mail in &MAILS[1..] {
        git(
            &bench.tree,
            &["am", "--quiet", out.join(mail).to_str().unwrap()],
        );
        states.push(git(&bench.tree, &["rev-parse", "HEAD^{tree}"]));
    }

    git(&bench.tree, &["checkout", "--quiet", "--detach", "HEAD~2"]);
    fs::write(bench.tree.join(".git/info/exclude"), ".efi-rtmap.toml\n").unwrap();
    for (count, state) in ["1", "2"].into_iter().zip(states) {
        bench.must(&["--first", count]);
        git(&bench.tree, &["add", "--all"]);
        assert_eq!(git(&bench.tree, &["write-tree"]), state);
    }
}

#[test]
fn a_mail_says_whose_it_is_and_why() {
    let bench = Bench::new();
    let out = mails(&bench);
    let mail = fs::read_to_string(out.join(MAILS[1])).unwrap();
    for line in [
        "\nFrom: Ann Example <ann@example.org>\n",
        "\nDate: ",
        "\nSubject: [PATCH 1/2] efi: rtmap: Add the crate\n\nIt decides.\n",
        "\nSigned-off-by: Ann Example <ann@example.org>\n",
        "\n 2 files changed, 2 insertions(+)\n",
    ] {
        assert!(mail.contains(line), "no {line:?} in: {mail}");
    }
    let cover = fs::read_to_string(out.join(MAILS[0])).unwrap();
    for line in [
        "\nSubject: [PATCH 0/2] efi: A runtime map in Rust\n",
        "\n\nIt is handed over.\n\nMeasured:\n\n        ",
        "\nx86_64\n  chains of kernels                       1            1             1\n  a kernel dies or hangs                  1            0             0\n",
        "\n\nAnn Example (2):\n  efi: rtmap: Add the crate\n",
        "\n 4 files changed, ",
    ] {
        assert!(cover.contains(line), "no {line:?} in: {cover}");
    }
}

#[test]
fn nothing_is_claimed_that_was_not_measured() {
    let bench = Bench::new();
    fs::remove_file(bench.repo.join(RESULTS)).unwrap();
    let cover = fs::read_to_string(mails(&bench).join(MAILS[0])).unwrap();
    assert!(
        cover.contains("\nIt is handed over.\n\nAnn Example (2):\n"),
        "{cover}"
    );
}

#[test]
fn mails_of_a_grafted_tree_are_those_of_a_stock_one() {
    let bench = Bench::new();
    let content = |out: PathBuf| {
        let mail = fs::read_to_string(out.join(MAILS[2])).unwrap();
        mail.split_once("\nSubject:").unwrap().1.to_owned()
    };
    let stock = content(mails(&bench));
    bench.must(&[]);
    assert_eq!(content(mails(&bench)), stock);
}

#[test]
fn a_tree_that_does_not_fit_gets_no_mails() {
    let bench = Bench::new();
    bench.edit_repo(CALLS, "\treturn;", "\tbreak;");
    let (out, outcome) = mail(&bench);
    assert!(!outcome.success);
    assert!(
        outcome.stderr.contains("occurs 0 times: `break;`"),
        "{}",
        outcome.stderr
    );
    assert!(!out.exists());
}
