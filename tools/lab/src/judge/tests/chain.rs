// SPDX-License-Identifier: GPL-2.0
//! A chain as a whole, and how its machine ended.

use super::*;
use crate::scenario::KnownFailure;

#[test]
fn a_good_chain_has_no_findings() {
    assert_eq!(findings(&scenario(), &good(), "", &End::Exited), [""; 0]);
}

#[test]
fn what_only_the_first_generation_asserts() {
    for (spoil, part) in [
        (
            (|told| told.log.clear()) as fn(&mut Told),
            "\"Linux version\"",
        ),
        (
            |told| told.log[0] = "Kernel command line: Linux version".into(),
            "\"Linux version\"",
        ),
        (|told| told.log.push("refused".into()), "no \"refused\""),
        (
            |told| told.actions[0].1 = Ok("nothing".into()),
            "\"spoiled\" printed",
        ),
        (
            |told| told.actions[0].1 = Err("no table".into()),
            "Damage(CrcBoth) to work, seen no table",
        ),
        (
            |told| told.facts.as_mut().unwrap().five_level = false,
            "five levels",
        ),
    ] {
        let mut report = good();
        spoil(report.0.get_mut(&0).unwrap());
        let seen = findings(&scenario(), &report, "", &End::Exited);
        assert!(
            seen[0].starts_with("generation 0: ") && seen.concat().contains(part),
            "{seen:?}"
        );
    }
}

#[test]
fn another_kernel_and_errors_of_the_guest() {
    red_facts(
        |facts| facts.release = "7.3.4-stock".into(),
        &["kernel rtmap", "7.3.4-stock"],
    );
    red(
        |told| told.errors.push("kexec: no".into()),
        &["no error", "kexec: no"],
    );
    red(|told| told.left = false, &["go on from here"]);
}

#[test]
fn a_generation_that_never_came() {
    let mut report = good();
    report.0.remove(&1);
    let seen = findings(&scenario(), &report, "early\nlast words\n\n", &End::Exited);
    one_finding(seen, "generation 1: ", &["a report", "\"last words\""]);
}

#[test]
fn a_machine_that_was_stopped() {
    let end = End::TimedOut(Duration::from_secs(120));
    let seen = findings(&scenario(), &good(), "", &end);
    one_finding(seen, "machine: ", &["power off", "120 s"]);
}

#[test]
fn last_words() {
    let mut report = good();
    report.0.remove(&1);
    let known = |words: &str| KnownFailure {
        reason: "hangs".into(),
        generation: 1,
        unmet: vec!["an initrd".into(), "a report".into()],
        last_words: Some(words.into()),
    };
    let observed = observed(&report, "calling SVAM\n", &End::Exited);
    let finding = &judge(&scenario(), &observed)[0];
    assert!(is_known(finding, &known("calling SVAM")), "{finding}");
    assert!(!is_known(finding, &known("something else")), "{finding}");
}
