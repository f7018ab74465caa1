// SPDX-License-Identifier: GPL-2.0
//! Rust programs for an architecture that this host's compiler has no standard library for: it is
//! built from its source, and linked with the C library of Debian's packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};

use crate::arch::Arch;
use crate::build::cache_dir;

/// As in tools/common.sh: the one that the kernels are built with.
const CLANG_VERSIONS: [u32; 8] = [19, 22, 21, 20, 18, 17, 16, 15];

/// To be added to others.
pub fn linker_flags(arch: &Arch, root: &Path) -> Result<String> {
    let mut names = CLANG_VERSIONS
        .map(|version| format!("clang-{version}"))
        .into_iter();
    let clang = names
        .find(|name| Command::new(name).arg("--version").output().is_ok())
        .with_context(|| {
            format!("no clang-N, N one of {CLANG_VERSIONS:?}: install clang and lld")
        })?;
    let arguments = [
        format!("--target={}", arch.guest.triplet),
        "-fuse-ld=lld".into(),
        format!("--sysroot={}", root.display()),
    ];
    let arguments = arguments.map(|argument| format!(" -C link-arg={argument}"));
    Ok(format!(" -C linker={clang}{}", arguments.concat()))
}

/// Makes `cargo` build the standard library too.
pub fn build_standard_library(cargo: &mut Command) -> Result<()> {
    build_library(cargo, "-Zbuild-std=std,panic_abort")
}

/// The same where there is no operating system, and no C library.
pub fn build_core(cargo: &mut Command) -> Result<()> {
    cargo.arg("-Zbuild-std-features=compiler-builtins-mem");
    build_library(cargo, "-Zbuild-std=core,compiler_builtins")
}

fn build_library(cargo: &mut Command, crates: &str) -> Result<()> {
    cargo
        .arg(crates)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", standard_library()?);
    Ok(())
}

/// The folder of its source; tools/prepare gets it.
fn standard_library() -> Result<PathBuf> {
    let given = std::env::var_os("RUST_LIB_SRC").filter(|path| !path.is_empty());
    if let Some(path) = given {
        return existing(path.into());
    }
    let installed = rustc(&["--print", "sysroot"])?;
    let installed = Path::new(installed.trim()).join("lib/rustlib/src/rust/library");
    if installed.exists() {
        return Ok(installed);
    }
    // rustc 1.95.0 (59807616e 2026-04-14)
    let said = rustc(&["--version"])?;
    let version = said
        .split(' ')
        .nth(1)
        .with_context(|| format!("rustc: {said:?}"))?;
    existing(cache_dir()?.join(format!("rust-src-{version}/library")))
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    ensure!(
        path.join("std/Cargo.toml").exists(),
        "no source of Rust's library in {}: run `make prepare`, or set RUST_LIB_SRC",
        path.display()
    );
    Ok(path)
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc")
        .args(arguments)
        .output()
        .context("rustc")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
