// SPDX-License-Identifier: GPL-2.0
//! Firmware's tables that describe the machine, as the kernel has found them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_guest::report::TABLES;

/// The ACPI table whose content changes.
const FACS: &str = "FACS";

/// Returns the CRC-32 of each table, by its path.
pub fn read() -> Result<BTreeMap<String, u32>> {
    let mut tables = BTreeMap::new();
    for (_, directory) in TABLES {
        if !Path::new(directory).exists() {
            continue;
        }
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() || path.ends_with(FACS) {
                continue;
            }
            let name = path.display().to_string();
            let table = fs::read(&path).with_context(|| name.clone())?;
            tables.insert(name, crc32fast::hash(&table));
        }
    }
    Ok(tables)
}
