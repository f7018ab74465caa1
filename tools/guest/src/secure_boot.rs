// SPDX-License-Identifier: GPL-2.0
//! Firmware's check of signatures, as its variables show it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::efi_test::GLOBAL_VARIABLE;
use crate::variables;

/// UEFI 2.10, section 3.3.
const VARIABLES: [&str; 2] = ["SecureBoot", "SetupMode"];

/// Returns the values of the variables. Firmware that does not know signatures has no such
/// variables.
pub fn read() -> Result<BTreeMap<String, u8>> {
    let mut state = BTreeMap::new();
    for name in VARIABLES {
        let path = variables::path(&format!("{name}-{GLOBAL_VARIABLE}"));
        if path.exists() {
            let (_, content) = variables::content(&path)?;
            let value = content.first().with_context(|| format!("{name}: empty"))?;
            state.insert(name.into(), *value);
        }
    }
    Ok(state)
}
