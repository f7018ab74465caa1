// SPDX-License-Identifier: GPL-2.0
//! Whether firmware checks signatures, as its variables tell.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::efi_test::GLOBAL_VARIABLE;
use crate::variables;

/// UEFI 2.10, section 3.3.
const VARIABLES: [&str; 2] = ["SecureBoot", "SetupMode"];

/// What each of them holds; firmware that knows nothing of signatures has none.
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
