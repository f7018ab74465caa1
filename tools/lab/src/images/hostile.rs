// SPDX-License-Identifier: GPL-2.0
//! Builds the hostile firmware driver, as an option ROM.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};

use crate::arch::Arch;
use crate::build::{tools_dir, Build};
use crate::images::{cross, option_rom};

/// Builds the ROM if anything that goes into it has changed.
pub fn build(build: &Build, arch: &Arch) -> Result<PathBuf> {
    let driver = fs::read(compile(build, arch)?)?;
    let rom = option_rom::wrap(&driver)?;
    let path = build.hostile_rom();
    if fs::read(&path).is_ok_and(|there| there == rom) {
        return Ok(path);
    }
    // Machines that run must not see half a ROM.
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, rom)?;
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

fn compile(build: &Build, arch: &Arch) -> Result<PathBuf> {
    let target = build.hostile_dir().join("target");
    let rust_target = arch.hostile.rust_target;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .current_dir(crate_dir())
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--target", rust_target, "--target-dir"])
        .arg(&target);
    cross::give_library(&mut cargo)?;
    let status = cargo.status().context("cargo")?;
    ensure!(
        status.success(),
        "cargo could not build the hostile driver for {rust_target}"
    );
    Ok(target.join(rust_target).join("release/hostile.efi"))
}

/// Its own workspace, with what cargo has to know of the targets.
fn crate_dir() -> PathBuf {
    Path::new(tools_dir()).join("hostile/driver")
}
