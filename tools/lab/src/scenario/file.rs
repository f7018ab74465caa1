// SPDX-License-Identifier: GPL-2.0
//! Reads scenario files. A file describes one scenario or, with a matrix, one for each combination
//! of the matrix' values; `{axis}` and `{axis.key}` in any string stand for them.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, ensure, Context, Result};
use toml::{Table, Value};

use super::matrix::{combinations, Substitutions};
use super::{expand, overlay, Scenario};
use crate::arch::{self, Arch};

/// All scenarios for `arch` of the .toml files of a directory and of those in it, in the files'
/// order.
pub fn load_all(directory: &Path, arch: &Arch) -> Result<Vec<Scenario>> {
    let pattern = directory.join("**/*.toml");
    let pattern = pattern
        .to_str()
        .context("directory of scenarios: no text")?;
    let mut paths = glob::glob(pattern)?.collect::<Result<Vec<PathBuf>, _>>()?;
    ensure!(!paths.is_empty(), "no scenarios: {pattern}");
    // `crash.toml` before `crash-pstore.toml`.
    paths.sort_by_key(|path| path.with_extension(""));
    let mut scenarios = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let name = name(path.strip_prefix(directory)?);
        let parsed = parse(&name, &text, arch).with_context(|| path.display().to_string())?;
        scenarios.extend(parsed);
    }
    ensure_unique(&scenarios)?;
    Ok(scenarios)
}

/// That of hostile/hang.toml is hostile-hang.
fn name(path: &Path) -> String {
    let path = path.with_extension("");
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("-")
}

/// The scenarios of a file called `name`; none if it is not for `arch`.
pub fn parse(name: &str, text: &str, arch: &Arch) -> Result<Vec<Scenario>> {
    let mut file: Table = text.parse()?;
    // Architectures share the files that are for all. Its name tells which has a file, so that each has
    // about as many.
    let is_shared = !file.get("arch").is_some_and(Value::is_array);
    let turn = name.bytes().map(usize::from).sum::<usize>() % arch::ALL.len();
    if !overlay::apply(&mut file, arch)? {
        return Ok(Vec::new());
    }
    let axes = match file.remove("matrix") {
        None => Table::new(),
        Some(Value::Table(axes)) => axes,
        Some(other) => bail!("matrix: {other} is not a table of axes"),
    };
    let mut scenarios = Vec::new();
    for combination in combinations(&axes)? {
        let name = format!("{name}{}", combination.suffix);
        let mut scenario = instance(&name, &file, &combination.values, arch)
            .with_context(|| format!("scenario {name}"))?;
        scenario.long |= if scenario.each_value {
            !combination.is_on_diagonal(arch.turn)
        } else {
            is_shared && turn != arch.turn || !combination.is_first()
        };
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

fn instance(
    name: &str,
    file: &Table,
    substitutions: &Substitutions,
    arch: &Arch,
) -> Result<Scenario> {
    let mut value = Value::Table(file.clone());
    substitute(&mut value, substitutions)?;
    if let Value::Table(file) = &mut value {
        expand::kernels(file)?;
    }
    let mut scenario: Scenario =
        serde_path_to_error::deserialize(value.clone()).map_err(|error| explain(&error, &value))?;
    scenario.name = name.into();
    scenario.validate(arch)?;
    scenario.complete(arch);
    Ok(scenario)
}

/// Adds what stands at the place of the error; serde does not always say it.
fn explain(error: &serde_path_to_error::Error<toml::de::Error>, file: &Value) -> anyhow::Error {
    let path = error.path().to_string();
    let mut at = Some(file);
    for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        at = at.and_then(|value| match part.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(part),
        });
    }
    let reason = error.inner().message();
    match at {
        Some(value) if !value.is_table() && !value.is_array() => {
            anyhow!("{path} = {value}: {reason}")
        }
        _ => anyhow!("{path}: {reason}"),
    }
}

fn ensure_unique(scenarios: &[Scenario]) -> Result<()> {
    let mut names = std::collections::BTreeSet::new();
    for scenario in scenarios {
        ensure!(
            names.insert(&scenario.name),
            "two scenarios are called {}",
            scenario.name
        );
    }
    Ok(())
}

fn substitute(value: &mut Value, substitutions: &Substitutions) -> Result<()> {
    match value {
        Value::String(text) => match whole(text, substitutions) {
            Some(whole) => *value = whole,
            None => *text = fill_in(text, substitutions)?,
        },
        Value::Array(items) => {
            for item in items {
                substitute(item, substitutions)?;
            }
        }
        Value::Table(fields) => {
            for (_, field) in fields {
                substitute(field, substitutions)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The value of a string that is nothing but a placeholder, if that value is no text.
fn whole(text: &str, substitutions: &Substitutions) -> Option<Value> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    let value = substitutions.get(name)?;
    (!value.is_str()).then(|| value.clone())
}

fn fill_in(text: &str, substitutions: &Substitutions) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .with_context(|| format!("{text:?}: no }} after {{"))?;
        let value = substitutions
            .get(name)
            .with_context(|| format!("{text:?}: nothing is called {name}"))?;
        filled += before;
        match value {
            Value::String(text) => filled += text,
            Value::Integer(number) => filled += &number.to_string(),
            other => bail!("{text:?}: {name} is {other}, which must stand alone"),
        }
        rest = after;
    }
    Ok(filled + rest)
}

#[cfg(test)]
mod tests;
