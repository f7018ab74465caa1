// SPDX-License-Identifier: GPL-2.0
//! Complaints about the machine are no complaints about its firmware.

use super::*;

const OF_QEMU: &str =
    "arch_timer: [Firmware Bug]: VHE-capable CPU without EL2 virtual timer interrupt";

fn found(arch: &str, line: &str) -> Vec<String> {
    let mut report = good();
    report.0.get_mut(&1).unwrap().log.push(line.into());
    let observed = Observed {
        arch: crate::arch::named(arch).unwrap(),
        report: &report,
        console: "",
        end: &End::Exited,
        started: UNIX_EPOCH + Duration::from_secs(NOW),
        ended: UNIX_EPOCH + Duration::from_secs(NOW),
        twin: None,
        firmware: None,
    };
    let findings = judge(&scenario(), &observed);
    findings.iter().map(Finding::to_string).collect()
}

#[test]
fn each_machine_has_its_own() {
    assert_eq!(found("arm64", OF_QEMU), [""; 0]);
    for (arch, line) in [("x86_64", OF_QEMU), ("arm64", "[Firmware Bug]: no table")] {
        one_finding(found(arch, line), "generation 1: ", &["complaint", line]);
    }
}

#[test]
fn told_once() {
    let mut scenario = scenario();
    scenario.kernel[1].expect.log_once = vec!["put right".into()];
    let with = |lines: usize| {
        let mut report = good();
        let log = &mut report.0.get_mut(&1).unwrap().log;
        log.extend(vec!["it has been put right".to_string(); lines]);
        findings(&scenario, &report, "", &End::Exited)
    };
    assert_eq!(with(1), [""; 0]);
    one_finding(with(0), "generation 1: ", &["once", "0 times"]);
    one_finding(with(2), "generation 1: ", &["once", "2 times"]);
}

#[test]
fn complaints_of_the_kernel() {
    for line in [
        "WARNING: at x.c:1",
        "BUG: x",
        "Oops: 0000",
        "[Firmware Bug]: x",
        "Call Trace:",
    ] {
        red(|told| told.log.push(line.into()), &["no complaint", line]);
    }
    let mut tolerant = scenario();
    tolerant.kernel[1].expect.tolerate = vec!["at x.c".into()];
    let mut report = good();
    let log = &mut report.0.get_mut(&1).unwrap().log;
    log.push("WARNING: at x.c:1".into());
    assert_eq!(findings(&tolerant, &report, "", &End::Exited), [""; 0]);
}

#[test]
fn what_only_the_console_has() {
    let console = "rtmap.gen=0\nfine rtmap.gen=10\nrtmap.gen=1\nKernel panic - not syncing\n";
    let seen = findings(&scenario(), &good(), console, &End::Exited);
    one_finding(seen, "generation 1: ", &["Kernel panic"]);
}
