// SPDX-License-Identifier: GPL-2.0
//! What firmware tells of the machine in tables, as far as the kernel has found them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_guest::report::TABLES;

/// ACPI's table of what changes.
const FACS: &str = "FACS";

/// CRC-32 of each, by its path.
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
