// SPDX-License-Identifier: GPL-2.0
//! Loading and starting the next kernel with kexec-tools.

use std::process::Command;

use anyhow::{bail, Result};
use efi_rtmap_guest::plan::Generation;

use crate::actions::run;
use crate::shared::Files;

pub const KEXEC: &str = "/sbin/kexec";

pub fn load(next: &Generation, files: &Files) -> Result<()> {
    let kernel = files.unpack(&next.kernel)?;
    let initrd = files.unpack(&next.initrd)?;
    run(Command::new(KEXEC)
        .args(next.loader.options())
        .arg(&kernel)
        .arg(format!("--initrd={}", initrd.display()))
        .arg(format!("--command-line={}", next.command_line)))?;
    // The kernel has its own copy of both files, so they would only use memory.
    std::fs::remove_file(kernel)?;
    std::fs::remove_file(initrd)?;
    Ok(())
}

/// Returns only with an error.
pub fn start() -> Result<()> {
    // `-x`: there is no network for kexec to take down first.
    let printed = run(Command::new(KEXEC).args(["-e", "-x"]))?;
    bail!("kexec -e came back: {printed}")
}
