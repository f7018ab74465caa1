// SPDX-License-Identifier: GPL-2.0
//! A kernel has less memory than its twin.

use super::*;

fn compared(spoil: impl Fn(&mut Facts)) -> Vec<String> {
    let mut report = good();
    for told in report.0.values_mut() {
        spoil(told.facts.as_mut().unwrap());
    }
    let observed = Observed {
        twin: Some(&good()),
        ..observed(&report, "", &End::Exited)
    };
    told_of(&scenario(), &observed)
}

#[test]
fn what_a_larger_kernel_takes_is_no_loss() {
    assert_eq!(compared(|facts| facts.memory_kib -= 1024), [""; 0]);
    assert_eq!(compared(|facts| facts.ram_kib += 8), [""; 0]);
}

#[test]
fn memory_that_only_the_twin_has_is_lost() {
    let lost = compared(|facts| facts.memory_kib -= 4096);
    assert!(
        lost[0].contains("MemTotal as in the twin, 1000000 KiB"),
        "{lost:?}"
    );
    let lost = compared(|facts| facts.ram_kib -= 4096);
    assert!(lost[0].contains("System RAM as in the twin"), "{lost:?}");
}
