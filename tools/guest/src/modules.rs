// SPDX-License-Identifier: GPL-2.0
//! The drivers that a distribution's kernel has as modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use efi_rtmap_guest::plan::MODULES;

use crate::actions::{run, BUSYBOX};

/// Loads the modules of the initrd, in the order of their names.
pub fn load() -> Result<()> {
    // The lab's own kernels need none.
    if !Path::new(MODULES).exists() {
        return Ok(());
    }
    let entries = fs::read_dir(MODULES).context(MODULES)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        run(Command::new(BUSYBOX).arg("insmod").arg(path))?;
    }
    Ok(())
}
