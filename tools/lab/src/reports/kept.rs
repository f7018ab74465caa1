// SPDX-License-Identifier: GPL-2.0
//! Values of a run that later runs need, as files of JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::Serialize;

/// Makes the folder too.
pub fn save(path: &Path, value: &impl Serialize) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let text = serde_json::to_string_pretty(value)?;
    fs::write(path, text + "\n").with_context(|| path.display().to_string())
}

/// None if nothing has been saved.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let value = serde_json::from_str(&text);
    value.with_context(|| format!("{}: remove it to begin anew", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/value.json");
        assert_eq!(load::<u64>(&path).unwrap(), None);
        save(&path, &7_u64).unwrap();
        assert_eq!(load::<u64>(&path).unwrap(), Some(7));
    }

    #[test]
    fn the_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.json");
        save(&path, &"seven").unwrap();
        let error = load::<u64>(&path).unwrap_err().to_string();
        assert!(error.contains("value.json: remove it"), "{error}");
    }
}
