// SPDX-License-Identifier: GPL-2.0

//! The series of this repository, on trees that have no file of upstream's.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The output of `--check` on Linux `version`.
fn check(version: &str) -> String {
    let tree = tempfile::tempdir().unwrap();
    let (major, minor) = version.split_once('.').unwrap();
    let makefile = format!("VERSION = {major}\nPATCHLEVEL = {minor}\n");
    fs::write(tree.path().join("Makefile"), makefile).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_graft"))
        .arg("--overlay")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .arg("--check")
        .arg(tree.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_file_of_the_overlay_is_in_one_patch() {
    for version in ["7.2", "7.3"] {
        let said = check(version);
        let ours = said.lines().filter(|line| line.starts_with("missing  "));
        assert!(ours.count() > 100, "{said}");
    }
}
