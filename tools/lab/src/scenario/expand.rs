// SPDX-License-Identifier: GPL-2.0
//! Writes out what a scenario file says for several kernels or actions at once: the table
//! `[kernels]`, `repeat` of a kernel, `times` of an action.

use anyhow::{ensure, Context, Result};
use toml::{Table, Value};

use super::overlay::merge;

/// In every kernel of the file, and written once.
const COMMON: &str = "kernels";

pub fn kernels(file: &mut Table) -> Result<()> {
    let common = match file.remove(COMMON) {
        None => Table::new(),
        Some(Value::Table(common)) => common,
        Some(other) => anyhow::bail!("{COMMON}: {other} is not a table"),
    };
    let Some(Value::Array(kernels)) = file.get_mut("kernel") else {
        return Ok(());
    };
    let mut all = Vec::new();
    for (index, kernel) in std::mem::take(kernels).into_iter().enumerate() {
        let Value::Table(own) = kernel else {
            all.push(kernel);
            continue;
        };
        let mut kernel = common.clone();
        if index == 0 {
            // Firmware starts it.
            kernel.remove("loader");
        }
        merge(&mut kernel, own);
        let repeat = count(&mut kernel, "repeat").with_context(|| format!("kernel[{index}]"))?;
        actions(&mut kernel).with_context(|| format!("kernel[{index}].then"))?;
        all.extend(vec![Value::Table(kernel); repeat]);
    }
    *kernels = all;
    Ok(())
}

fn actions(kernel: &mut Table) -> Result<()> {
    let Some(Value::Array(actions)) = kernel.get_mut("then") else {
        return Ok(());
    };
    let mut all = Vec::new();
    for mut action in std::mem::take(actions) {
        let times = match &mut action {
            Value::Table(action) => count(action, "times")?,
            _ => 1,
        };
        all.extend(vec![action; times]);
    }
    *actions = all;
    Ok(())
}

/// Takes the number out; 1 if there is none.
fn count(table: &mut Table, key: &str) -> Result<usize> {
    let Some(value) = table.remove(key) else {
        return Ok(1);
    };
    let count = value.as_integer().and_then(|count| count.try_into().ok());
    let count: usize = count.with_context(|| format!("{key} = {value}: not a number"))?;
    ensure!(count > 0, "{key} = 0: at least 1");
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<Table> {
        let mut file = text.parse()?;
        kernels(&mut file)?;
        Ok(file)
    }

    #[test]
    fn what_all_kernels_have_is_written_once() {
        let file = r#"
            kernels = { loader = "-s", options = "a", expect = { log = ["x"], off = true } }
            kernel = [{}, { options = "b" }, { loader = "-c", expect.log = ["y"] }]
        "#;
        let expected = r#"
            kernel = [
                { options = "a", expect = { log = ["x"], off = true } },
                { options = "b", loader = "-s", expect = { log = ["x"], off = true } },
                { options = "a", loader = "-c", expect = { log = ["y"], off = true } },
            ]
        "#;
        assert_eq!(expanded(file).unwrap(), expected.parse().unwrap());
    }

    #[test]
    fn kernels_and_actions_repeat() {
        let file = r#"kernel = [{ repeat = 2, then = [{ call = "a", times = 3 }, "crash"] }]"#;
        let each = r#"{ then = [{ call = "a" }, { call = "a" }, { call = "a" }, "crash"] }"#;
        let expected = format!("kernel = [{each}, {each}]");
        assert_eq!(expanded(file).unwrap(), expected.parse().unwrap());
    }

    #[test]
    fn what_repeats_is_there() {
        for (file, parts) in [
            ("kernel = [{ repeat = 0 }]", ["kernel[0]", "repeat = 0"]),
            (
                "kernel = [{ repeat = \"x\" }]",
                ["kernel[0]", "repeat = \"x\""],
            ),
            (
                "kernel = [{ then = [{ call = \"a\", times = -1 }] }]",
                ["kernel[0].then", "times = -1"],
            ),
        ] {
            let error = format!("{:#}", expanded(file).unwrap_err());
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
