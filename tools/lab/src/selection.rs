// SPDX-License-Identifier: GPL-2.0
//! The scenarios that run: by name, without those that take long, and a part of them on each of several
//! machines.

use std::str::FromStr;

use anyhow::{ensure, Context, Result};

use crate::scenario::Scenario;

/// One part of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: usize,
    count: usize,
}

/// Those that match any pattern; every pattern must match something.
pub fn select(mut scenarios: Vec<Scenario>, patterns: &[String]) -> Result<Vec<Scenario>> {
    let patterns = patterns
        .iter()
        .map(|text| glob::Pattern::new(text).with_context(|| format!("pattern {text:?}")))
        .collect::<Result<Vec<_>>>()?;
    for pattern in &patterns {
        ensure!(
            scenarios
                .iter()
                .any(|scenario| pattern.matches(&scenario.name)),
            "no scenario is called {pattern}: see --list"
        );
    }
    if !patterns.is_empty() {
        scenarios.retain(|scenario| patterns.iter().any(|p| p.matches(&scenario.name)));
    }
    Ok(scenarios)
}

/// Says how many do not run.
pub fn skip_long(scenarios: &mut Vec<Scenario>) {
    let all = scenarios.len();
    scenarios.retain(|scenario| !scenario.long);
    let run = scenarios.len();
    println!(
        "{run} of {all} scenarios; --long runs the other {} too",
        all - run
    );
}

impl Shard {
    /// This part, in the order of all. The longest chains are given out first, each to the part that has
    /// the fewest kernels so far.
    pub fn of(self, scenarios: Vec<Scenario>) -> Vec<Scenario> {
        let mut order: Vec<usize> = (0..scenarios.len()).collect();
        order.sort_by_key(|&place| std::cmp::Reverse(kernels(&scenarios[place])));
        let mut loads = vec![0; self.count];
        let mut mine = vec![false; scenarios.len()];
        for place in order {
            let lightest = (0..self.count).min_by_key(|&shard| loads[shard]);
            let lightest = lightest.expect("at least one part");
            loads[lightest] += kernels(&scenarios[place]);
            mine[place] = lightest == self.index;
        }
        let scenarios = scenarios.into_iter().zip(mine);
        scenarios
            .filter_map(|(scenario, mine)| mine.then_some(scenario))
            .collect()
    }
}

/// How many start, the twin's too.
fn kernels(scenario: &Scenario) -> usize {
    let chains = 1 + usize::from(scenario.same_as.is_some());
    scenario.kernel.len() * chains
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/').and_then(|(part, count)| {
            let part: usize = part.parse().ok()?;
            Some((part, count.parse().ok()?))
        });
        let (part, count) = parts.with_context(|| format!("{text:?}: not like 2/5"))?;
        ensure!(
            (1..=count).contains(&part),
            "{text:?}: the parts are 1 to {count}"
        );
        Ok(Self {
            index: part - 1,
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Image, Step};

    fn scenarios(chains: &[usize]) -> Vec<Scenario> {
        let scenario = |(number, &length): (usize, &usize)| {
            let kernels = vec![Step::new(Image::Stock, String::new(), None); length];
            Scenario::new(format!("{number}-{length}"), String::new(), kernels)
        };
        chains.iter().enumerate().map(scenario).collect()
    }

    fn names(scenarios: Vec<Scenario>) -> Vec<String> {
        scenarios
            .into_iter()
            .map(|scenario| scenario.name)
            .collect()
    }

    #[test]
    fn the_parts_are_all_and_as_long_as_each_other() {
        let all = scenarios(&[1, 10, 2, 3, 3, 1, 5, 2]);
        let mut seen = Vec::new();
        for part in ["1/3", "2/3", "3/3"] {
            let part = part.parse::<Shard>().unwrap().of(all.clone());
            let length: usize = part.iter().map(kernels).sum();
            assert!((8..=10).contains(&length), "{length}");
            seen.extend(names(part));
        }
        seen.sort();
        assert_eq!(seen, names(all));
    }

    #[test]
    fn a_part_keeps_the_order() {
        let part = "1/2".parse::<Shard>().unwrap().of(scenarios(&[1, 2, 1, 2]));
        assert_eq!(names(part), ["0-1", "1-2"]);
    }

    #[test]
    fn a_twin_counts() {
        let mut all = scenarios(&[2, 3, 1]);
        all[0].same_as = Some(Image::Stock);
        let part = "1/2".parse::<Shard>().unwrap().of(all);
        assert_eq!(names(part), ["0-2"]);
    }

    #[test]
    fn a_part_is_one_of_several() {
        for wrong in ["0/2", "3/2", "1/0", "1", "a/b", "1/2/3", ""] {
            let error = wrong.parse::<Shard>().unwrap_err().to_string();
            assert!(error.contains(&format!("{wrong:?}")), "{error}");
        }
    }

    #[test]
    fn every_pattern_selects_something() {
        let all = || scenarios(&[1, 2, 12]);
        let select = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            select(all(), &patterns).map(names)
        };
        assert_eq!(select(&[]).unwrap().len(), 3);
        assert_eq!(select(&["*2", "0-?"]).unwrap(), ["0-1", "1-2", "2-12"]);
        let error = select(&["*2", "x"]).unwrap_err().to_string();
        assert!(error.contains("called x"), "{error}");
    }
}
