// SPDX-License-Identifier: GPL-2.0
//! The records that crashed kernels have left in EFI variables.

use std::fs;

use anyhow::{ensure, Context, Result};

const DIRECTORY: &str = "/sys/fs/pstore";

/// Returns all records, one after the other.
pub fn read() -> Result<String> {
    crate::mount_one("pstore", DIRECTORY).context("mount pstore")?;
    let mut records = Vec::new();
    for entry in fs::read_dir(DIRECTORY)? {
        let path = entry?.path();
        let record = fs::read(&path).with_context(|| path.display().to_string())?;
        records.push(String::from_utf8_lossy(&record).into_owned());
    }
    ensure!(!records.is_empty(), "{DIRECTORY}: no records");
    Ok(records.join("\n"))
}
