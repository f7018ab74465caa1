// SPDX-License-Identifier: GPL-2.0
//! The architectures of a scenario file: `arch = ["arm64"]` names those that it is for, and a table
//! `[arch.arm64]` overlays the rest of the file.

use anyhow::{bail, Result};
use toml::{Table, Value};

use crate::arch::{self, Arch};

/// Tables of this array overlay each other one by one; other arrays replace each other.
const KERNEL: &str = "kernel";

/// Makes the file what it is on `arch`. False: it is not for it.
pub fn apply(file: &mut Table, arch: &Arch) -> Result<bool> {
    match file.remove("arch") {
        None => Ok(true),
        Some(Value::Array(names)) => {
            for name in &names {
                arch::named(name.as_str().unwrap_or_default())?;
            }
            Ok(names.iter().any(|name| name.as_str() == Some(arch.name)))
        }
        Some(Value::Table(mut overlays)) => {
            for name in overlays.keys() {
                arch::named(name)?;
            }
            match overlays.remove(arch.name) {
                None => {}
                Some(Value::Table(overlay)) => merge(file, overlay),
                Some(other) => bail!("arch.{}: {other} is not a table", arch.name),
            }
            Ok(true)
        }
        Some(other) => bail!("arch: {other} is neither a list of names nor tables"),
    }
}

/// Puts `above` over `below`.
pub fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (Some(Value::Array(under)), Value::Array(over)) if key == KERNEL => {
                merge_each(under, over);
            }
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

fn merge_each(below: &mut Vec<Value>, above: Vec<Value>) {
    for (place, value) in above.into_iter().enumerate() {
        match (below.get_mut(place), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (Some(under), value) => *under = value,
            (None, value) => below.push(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        smp = 1
        [matrix]
        what = ["a", "b"]
        [[kernel]]
        options = "one"
        expect = { log = ["x"], off = true }
        [[kernel]]
        loader = "-c"
    "#;

    fn on(name: &str, more: &str) -> Result<Option<Table>> {
        let mut file: Table = format!("{more}\n{FILE}").parse()?;
        let applies = apply(&mut file, arch::named(name)?)?;
        Ok(applies.then_some(file))
    }

    #[test]
    fn a_list_of_names_is_all_that_the_file_is_for() {
        let only = "arch = [\"arm64\"]";
        assert!(on("arm64", only).unwrap().is_some());
        assert!(on("x86_64", only).unwrap().is_none());
        assert!(on("x86_64", "").unwrap().is_some());
    }

    #[test]
    fn an_overlay_changes_the_file_on_its_architecture() {
        let overlay = r#"
            arch.arm64.smp = 2
            arch.arm64.matrix.what = ["c"]
            arch.arm64.kernel = [{ expect.log = ["y"] }, {}, { loader = "-s" }]
        "#;
        let expected: Table = r#"
            smp = 2
            matrix.what = ["c"]
            kernel = [
                { options = "one", expect = { log = ["y"], off = true } },
                { loader = "-c" },
                { loader = "-s" },
            ]
        "#
        .parse()
        .unwrap();
        assert_eq!(on("arm64", overlay).unwrap(), Some(expected));
        assert_eq!(on("x86_64", overlay).unwrap(), on("x86_64", "").unwrap());
    }

    #[test]
    fn an_unknown_architecture_is_an_error() {
        for more in ["arch = [\"mips\"]", "arch.mips.smp = 2"] {
            let error = on("arm64", more).unwrap_err().to_string();
            assert!(error.contains("mips"), "{error}");
        }
        for more in ["arch = 7", "arch.arm64 = 7"] {
            let error = on("arm64", more).unwrap_err().to_string();
            assert!(error.contains('7'), "{error}");
        }
    }
}
