// SPDX-License-Identifier: GPL-2.0
//! The matrix of a scenario file: the combinations of its axes' values, and the few of them that are run
//! unless all are asked for.

use std::collections::BTreeMap;

use anyhow::{bail, ensure, Context, Result};
use toml::{Table, Value};

/// Strings and numbers, by the placeholders that stand for them.
pub type Substitutions = BTreeMap<String, Value>;

/// One value of each axis.
#[derive(Clone, Default)]
pub struct Combination {
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

/// The product of all axes; one empty combination when there are none.
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
                combination.values.extend(placeholders(axis, value)?);
                combination.places.push((place, values.len()));
                extended.push(combination);
            }
        }
        all = extended;
    }
    Ok(all)
}

fn placeholders(axis: &str, value: &Value) -> Result<Substitutions> {
    let fills = |value: &Value| value.is_str() || value.is_integer();
    match value {
        Value::Table(parts) => parts
            .iter()
            .map(|(key, part)| {
                let name = format!("{axis}.{key}");
                ensure!(
                    fills(part),
                    "matrix.{name}: {part} is neither a string nor a number"
                );
                Ok((name, part.clone()))
            })
            .collect(),
        value if fills(value) => Ok([(axis.to_string(), value.clone())].into()),
        other => bail!("matrix.{axis}: {other} is neither a string, a number, nor a table of them"),
    }
}
