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
