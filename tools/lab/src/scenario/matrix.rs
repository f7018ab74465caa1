// SPDX-License-Identifier: GPL-2.0
//! The matrix of a scenario file: the combinations of its axes' values, and the few of them that are run
//! unless all are asked for.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use toml::{Table, Value};

/// Values, by the placeholders that stand for them.
pub type Substitutions = BTreeMap<String, Value>;

/// One value of each axis.
#[derive(Clone, Default)]
pub struct Combination {
    /// The names of the values, as the end of the scenario's name.
    pub suffix: String,
    pub values: Substitutions,
    /// The number of each value on its axis, and the length of the axis.
    places: Vec<(usize, usize)>,
}

impl Combination {
    /// One of the few among which there is each value of each axis at least once: a diagonal. With
    /// another `shift` it is another one.
    pub fn is_on_diagonal(&self, shift: usize) -> bool {
        let longest = self.places.iter().map(|&(_, length)| length).max();
        (0..longest.unwrap_or(1)).any(|step| self.is_at(step, shift))
    }

    /// The one that the diagonals begin with.
    pub fn is_first(&self) -> bool {
        self.is_at(0, 0)
    }

    fn is_at(&self, step: usize, shift: usize) -> bool {
        let mut axes = self.places.iter().enumerate();
        axes.all(|(axis, &(place, length))| place == (step + axis * shift) % length)
    }
}

/// The product of all axes, which are in the order of their names; one empty combination when there are
/// none.
pub fn combinations(axes: &Table) -> Result<Vec<Combination>> {
    let mut all = vec![Combination::default()];
    for (axis, values) in axes {
        let values = values
            .as_array()
            .filter(|values| !values.is_empty())
            .with_context(|| format!("matrix.{axis}: {values} is not a list of values"))?;
        let mut extended = Vec::new();
        for combination in &all {
            for (place, value) in values.iter().enumerate() {
                let mut combination = combination.clone();
                combination.suffix += &suffix(value);
                combination.values.extend(placeholders(axis, value));
                combination.places.push((place, values.len()));
                extended.push(combination);
            }
        }
        all = extended;
    }
    Ok(all)
}

fn placeholders(axis: &str, value: &Value) -> Substitutions {
    match value {
        Value::Table(parts) => parts
            .iter()
            .map(|(key, part)| (format!("{axis}.{key}"), part.clone()))
            .collect(),
        value => [(axis.to_string(), value.clone())].into(),
    }
}

/// A string or a number is its own name, without spaces; a table may have a `name`.
fn suffix(value: &Value) -> String {
    let name = match value {
        Value::Table(parts) => parts.get("name").map(plain).unwrap_or_default(),
        value => plain(value),
    };
    match name.is_empty() || name.starts_with('-') {
        true => name,
        false => format!("-{name}"),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace(' ', ""),
        value => value.to_string(),
    }
}
