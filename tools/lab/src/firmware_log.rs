// SPDX-License-Identifier: GPL-2.0
//! Reads what the hostile driver told.

use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_orders::Event;

pub fn read(path: &Path) -> Result<Vec<Event>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| line.to_string()))
        .collect()
}
