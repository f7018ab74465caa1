// SPDX-License-Identifier: GPL-2.0
//! Builds the targets, so that libFuzzer sees the branches that an input takes.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};

pub const PACKAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plan/fuzz");

/// As cargo-fuzz has them, but without a sanitizer: of that, Rust has what the checks of the profile do
/// not find in unsafe code only, and the plan has none.
const FLAGS: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The same versions as in tools/common.sh.
const CLANG_VERSIONS: [u32; 8] = [19, 22, 21, 20, 18, 17, 16, 15];

/// Returns the folder with the programs.
pub fn targets(work: &Path) -> Result<PathBuf> {
    eprintln!("fuzz: building the targets");
    // The target is named, so that the flags do not apply to build scripts.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let directory = work.join("target");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .current_dir(PACKAGE)
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--target", &target, "--target-dir"])
        .arg(&directory)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    if std::env::var_os("CXX").is_none() {
        cargo.env("CXX", cxx()?);
    }
    let status = cargo.status().context("cargo")?;
    ensure!(status.success(), "cargo could not build the fuzz targets");
    Ok(directory.join(target).join("release"))
}

/// libFuzzer is C++.
fn cxx() -> Result<String> {
    let mut names = CLANG_VERSIONS
        .map(|version| format!("clang++-{version}"))
        .into_iter();
    names
        .find(|name| Command::new(name).arg("--version").output().is_ok())
        .with_context(|| {
            format!("no clang++-N, N one of {CLANG_VERSIONS:?}: install clang, or set CXX")
        })
}
