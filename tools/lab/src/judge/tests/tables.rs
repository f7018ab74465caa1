// SPDX-License-Identifier: GPL-2.0
//! The TPM's log, and the initrd's ballast.

use efi_rtmap_guest::report::TPM_LOG;

use super::*;

#[test]
fn the_tpms_log() {
    let mut scenario = scenario();
    scenario.tpm = true;
    let mut report = good();
    let seen = findings(&scenario, &report, "", &End::Exited);
    assert!(seen.len() == 2 && seen[0].contains(TPM_LOG), "{seen:?}");
    for (k, told) in &mut report.0 {
        let tables = &mut told.facts.as_mut().unwrap().tables;
        let log = (TPM_LOG.to_string(), *k as u32);
        tables.as_mut().unwrap().extend([log]);
    }
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &[TPM_LOG, "other content"]);
}

#[test]
fn spoiled_ballast() {
    let mut scenario = scenario();
    scenario.ballast_mib = 1;
    let mut report = good();
    let right = crc32fast::hash(&ballast(1));
    for (k, crc) in [(0, right), (1, right ^ 1)] {
        report
            .0
            .get_mut(&k)
            .unwrap()
            .facts
            .as_mut()
            .unwrap()
            .ballast = Some(crc);
    }
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["ballast intact"]);
}
