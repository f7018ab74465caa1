// SPDX-License-Identifier: GPL-2.0
//! Outcomes with our kernel beside those with Debian's.

use std::collections::BTreeSet;

use super::checks::{Check, STAGES};
use super::job::{Outcome, Outcomes};

/// Lines that one kernel alone prints in a generation.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub only_debian: Vec<String>,
    pub only_ours: Vec<String>,
}

/// A line for each check and generation that is worse with our kernel: it fails and does not with
/// Debian's, it has not run, or its lines differ and should not.
pub fn worse(checks: &[Check], debian: &Outcomes, ours: &Outcomes) -> Vec<String> {
    let mut worse = Vec::new();
    for check in checks {
        for stage in STAGES.iter().filter(|stage| check.runs_at(stage)) {
            let of = |outcomes: &Outcomes| outcomes.get(&check.name)?.get(*stage).cloned();
            let told = match (of(debian), of(ours)) {
                (_, None) => "has not run".into(),
                (Some(debian), Some(ours)) if debian.works && !ours.works => {
                    format!("fails: {}", ours.output.lines().last().unwrap_or_default())
                }
                (Some(debian), Some(ours)) if check.compare => {
                    let difference = Difference::of(&debian, &ours);
                    if difference == Difference::default() {
                        continue;
                    }
                    format!("{difference:?}")
                }
                _ => continue,
            };
            worse.push(format!("{}, {stage}: {told}", check.name));
        }
    }
    worse
}

impl Difference {
    pub fn of(debian: &Outcome, ours: &Outcome) -> Self {
        let (debian, ours) = (lines(debian), lines(ours));
        Self {
            only_debian: debian.difference(&ours).cloned().collect(),
            only_ours: ours.difference(&debian).cloned().collect(),
        }
    }
}

/// Numbers differ from run to run: times, addresses, process IDs.
fn lines(outcome: &Outcome) -> BTreeSet<String> {
    let lines = outcome.output.lines().map(without_numbers);
    lines.filter(|line| !line.is_empty()).collect()
}

fn without_numbers(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let is_number = word.chars().any(|c| c.is_ascii_digit());
        match is_number {
            true => word
                .chars()
                .map(|c| if c.is_ascii_hexdigit() { 'N' } else { c })
                .collect(),
            false => word.to_string(),
        }
    });
    let line = words.collect::<Vec<String>>().join(" ");
    let mut short = String::new();
    for c in line.chars() {
        if c != 'N' || !short.ends_with('N') {
            short.push(c);
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn outcome(works: bool, output: &str) -> Outcome {
        Outcome {
            works,
            output: output.into(),
        }
    }

    fn outcomes(all: [Option<Outcome>; 3]) -> Outcomes {
        let stages = ["0", "1", "2"].into_iter().zip(all);
        let of_check: BTreeMap<_, _> = stages
            .filter_map(|(stage, outcome)| Some((stage.to_string(), outcome?)))
            .collect();
        BTreeMap::from([("clock".to_string(), of_check)])
    }

    fn check(compare: bool) -> [Check; 1] {
        [Check {
            name: "clock".into(),
            run: "hwclock".into(),
            compare,
            after_crash: false,
        }]
    }

    #[test]
    fn a_failure_counts_if_debian_has_none() {
        let good = outcomes(["", "", ""].map(|output| Some(outcome(true, output))));
        let bad = outcomes([
            Some(outcome(true, "")),
            Some(outcome(false, "a\nno clock")),
            None,
        ]);
        assert!(worse(&check(false), &good, &good).is_empty());
        assert_eq!(
            worse(&check(false), &good, &bad),
            ["clock, 1: fails: no clock", "clock, 2: has not run"]
        );
        let both = outcomes([false, false, false].map(|works| Some(outcome(works, ""))));
        assert!(worse(&check(false), &both, &both).is_empty());
    }

    #[test]
    fn lines_count_if_they_are_compared() {
        let debian = outcomes(["", "", "x"].map(|output| Some(outcome(true, output))));
        let ours = outcomes(["", "tpm: broken", "x"].map(|output| Some(outcome(true, output))));
        assert!(worse(&check(false), &debian, &ours).is_empty());
        let told = worse(&check(true), &debian, &ours);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("only_ours: [\"tpm: broken\"]"), "{told:?}");
    }

    #[test]
    fn numbers_make_no_difference() {
        let difference = Difference::of(
            &outcome(true, "clock at 0x7f3a took 12 us"),
            &outcome(true, "clock at 0x99  took 7 us"),
        );
        assert_eq!(difference, Difference::default());
    }
}
