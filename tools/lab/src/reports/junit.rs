// SPDX-License-Identifier: GPL-2.0
//! Results as JUnit XML, which forges show.

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::runner::Outcome;

/// One suite, called `suite`.
pub fn render(suite: &str, outcomes: &[Outcome]) -> Result<String> {
    let mut cases = TestSuite::new(suite);
    cases.add_test_cases(outcomes.iter().map(case));
    let mut report = Report::new("efi-rtmap-lab");
    report.add_test_suite(cases);
    Ok(report.to_string()?)
}

fn case(outcome: &Outcome) -> TestCase {
    let status = if outcome.passed {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_description(outcome.told.as_str());
        status
    };
    let mut case = TestCase::new(outcome.name.as_str(), status);
    case.set_time(outcome.took);
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_failure_has_its_words_escaped() {
        let outcome = |name: &str, passed| Outcome {
            name: name.into(),
            passed,
            told: "expected <1>, seen \"2\"".into(),
            took: Duration::from_millis(1500),
            run: None,
        };
        let xml = render("arm64", &[outcome("good", true), outcome("bad", false)]).unwrap();
        for part in [
            "<testsuite name=\"arm64\" tests=\"2\"",
            "failures=\"1\"",
            "<testcase name=\"good\" time=\"1.500\"/>",
            "expected &lt;1&gt;, seen",
        ] {
            assert!(xml.contains(part), "{part} not in {xml}");
        }
        assert_eq!(xml.matches("seen").count(), 1);
    }
}
