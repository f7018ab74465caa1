// SPDX-License-Identifier: GPL-2.0
//! Rust programs for a target that this host's compiler has no library for: the library is built
//! from its source, and linked with the C library of Debian's packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Result};

use crate::arch::Arch;
use crate::build::given;

/// To be added to others.
pub fn linker_flags(arch: &Arch, root: &Path) -> Result<String> {
    let clang = given("CLANG")?;
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
    cargo.arg("-Zbuild-std=std,panic_abort");
    give_library(cargo)
}

/// Lets `cargo` build what its options or its configuration name of the library.
pub fn give_library(cargo: &mut Command) -> Result<()> {
    let library = PathBuf::from(given("RUST_LIB_SRC")?);
    ensure!(
        library.join("std/Cargo.toml").exists(),
        "no source of Rust's library in {}: run `make prepare`, or set RUST_LIB_SRC",
        library.display()
    );
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library);
    Ok(())
}
