// SPDX-License-Identifier: GPL-2.0
//! Results as KTAP, version 1, which the kernel's own tools read.

use crate::runner::Outcome;

/// One line each; of a failure, its words as diagnostics before it.
pub fn render(outcomes: &[Outcome]) -> String {
    let mut text = format!("KTAP version 1\n1..{}\n", outcomes.len());
    for (number, outcome) in (1..).zip(outcomes) {
        let Outcome {
            name,
            passed,
            told,
            took,
            run: _,
        } = outcome;
        if !passed {
            let lines = told.lines().map(|line| format!("# {line}\n"));
            text.extend(lines);
        }
        let verdict = if *passed { "ok" } else { "not ok" };
        text += &format!("{verdict} {number} {name} # {:.1} s\n", took.as_secs_f64());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_has_a_line_and_a_failure_its_reasons() {
        let outcome = |name: &str, passed| Outcome {
            name: name.into(),
            passed,
            told: "FAILED\n    expected 1".into(),
            took: Duration::from_millis(1500),
            run: None,
        };
        let expected = "KTAP version 1\n1..2\nok 1 good # 1.5 s\n# FAILED\n#     expected 1\nnot ok 2 bad # 1.5 s\n";
        assert_eq!(
            render(&[outcome("good", true), outcome("bad", false)]),
            expected
        );
    }
}
