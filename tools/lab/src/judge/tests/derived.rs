// SPDX-License-Identifier: GPL-2.0
//! A scenario that says nothing of its kernels asserts what follows from the chain: each thing that is
//! otherwise is found.

use super::*;

/// As the kernels of the good report are.
const BARE: &str = r#"
    about = "for the tests"
    kernel = [{}, { loader = "-c" }]
"#;

fn bare() -> Scenario {
    parse("example", BARE, x86_64()).unwrap().remove(0)
}

fn seen(scenario: &Scenario, report: &Report) -> Vec<String> {
    findings(scenario, report, "", &End::Exited)
}

/// The report, with something else in what generation `k` told.
fn with(k: usize, spoil: impl FnOnce(&mut Told)) -> Report {
    let mut report = good();
    spoil(report.0.get_mut(&k).unwrap());
    report
}

#[test]
fn a_good_chain_is_as_derived() {
    assert_eq!(seen(&bare(), &good()), [""; 0]);
}

#[test]
fn defects_in_sysfs() {
    for (k, file, word, wanted) in [
        (0, "kind", "phys", "kind ident"),
        (1, "kind", "fixed", "kind ident"),
        (0, "origin", "legacy", "origin fresh"),
        (1, "origin", "fresh", "origin handover"),
        (0, "svam", "not-called", "svam called-ident"),
        (1, "svam", "unknown", "svam called-ident"),
        (0, "generation", "1", "generation 0"),
        (1, "generation", "0", "generation 1"),
        (1, "requested", "phys", "requested auto"),
        (1, "privilege", "user", "privilege kernel"),
        (1, "faulted", "1", "faulted 0"),
    ] {
        let report = with(k, |told| {
            let files = &mut told.facts.as_mut().unwrap().rtmap;
            files.as_mut().unwrap().insert(file.into(), word.into());
        });
        let start = format!("generation {k}: expected {wanted}");
        one_finding(seen(&bare(), &report), &start, &[word]);
    }
}

#[test]
fn a_runtime_map_that_changes() {
    let report = with(1, |told| {
        let facts = told.facts.as_mut().unwrap();
        facts.runtime_map.as_mut().unwrap()[0].pages += 1;
    });
    let wanted = "generation 1: expected runtime map as in the generation before";
    one_finding(seen(&bare(), &report), wanted, &["pages: 2"]);
}

#[test]
fn a_page_that_is_writable_and_executable() {
    let report = with(1, |told| {
        let facts = told.facts.as_mut().unwrap();
        facts.page_tables.as_mut().unwrap()[0] = mapping(true, true);
    });
    let start = "generation 1: expected no W+X pages";
    one_finding(seen(&bare(), &report), start, &["1 pages"]);
}

#[test]
fn a_map_that_a_kernel_without_services_has() {
    let mut scenario = bare();
    scenario.kernel[1].expect = crate::scenario::Expect {
        off: true,
        ..Default::default()
    };
    scenario.complete(x86_64());
    let told = seen(&scenario, &good()).concat();
    for part in [
        "kind none",
        "origin none",
        "svam unknown",
        "reading RtmapLab00 not to",
    ] {
        assert!(told.contains(part), "{part} not in {told}");
    }
}

#[test]
fn a_complaint_of_a_kernel_in_which_firmware_does_not_fault() {
    let text = BARE.replace("{}", "{ expect.firmware-faults = 1 }")
        + "fault = [{ what = \"page-fault\", service = \"get-wakeup-time\" }]";
    let scenario = parse("example", &text, x86_64()).unwrap().remove(0);
    let line = "WARNING: drivers/firmware/efi/runtime-wrappers.c:1";
    let complains = |k| {
        let report = with(k, |told| told.log.push(line.into()));
        seen(&scenario, &report)
    };
    assert_eq!(complains(0), [""; 0]);
    one_finding(complains(1), "generation 1: expected no complaint", &[line]);
}
