// SPDX-License-Identifier: GPL-2.0
//! The negative control: a good chain has no findings, and each thing that can be wrong in it has
//! exactly the one that is meant.

mod firmware;
mod log;
mod maps;
mod memory;
mod modelled;
mod services;

use std::time::{Duration, UNIX_EPOCH};

use efi_rtmap_guest::plan::VENDOR_GUID;
use efi_rtmap_guest::plan::{variable_content, variable_name, Action, Damage, Loader};
use efi_rtmap_guest::ptdump::{Level, Mapping};
use efi_rtmap_guest::report::{Clock, Handover, RuntimeRegion, Storage, Variables, TPM_LOG};

use super::*;
use crate::scenario::expect::Services;
use crate::scenario::KnownFailure;
use crate::scenario_file::parse;

const NOW: u64 = 1_800_000_000;
const SCENARIO: &str = r#"
    name = "example"
    about = "for the tests"
    [[kernel]]
    image = "rtmap"
    then = [{ damage = "crc-both" }]
    [kernel.expect]
    kind = "ident"
    origin = "fresh"
    svam = "called-ident"
    requested = "auto"
    reason = "default"
    log = ["Linux version"]
    no-log = ["refused"]
    printed = ["spoiled"]
    five-level = "yes"
    [[kernel]]
    image = "rtmap"
    loader = "-c"
    expect = { kind = "ident", origin = "handover", svam = "called-ident", runtime-map = "same" }
"#;

fn x86_64() -> &'static Arch {
    crate::arch::named("x86_64").unwrap()
}

fn scenario() -> Scenario {
    parse(SCENARIO, x86_64()).unwrap().remove(0)
}

pub const DMI: &str = "/sys/firmware/dmi/tables/DMI";
pub const DSDT: &str = "/sys/firmware/acpi/tables/DSDT";

pub fn good_facts(k: usize) -> Facts {
    let origin = if k == 0 { "fresh" } else { "handover" };
    let files = [
        ("kind", "ident"),
        ("origin", origin),
        ("svam", "called-ident"),
        ("requested", "auto"),
        ("generation", &k.to_string()),
        ("reason", "default of this kernel"),
        ("regions", "6"),
        ("faulted", "0"),
        ("wx_pages", "0"),
    ];
    let names = |to: usize| {
        (0..to)
            .map(|k| format!("{}-{VENDOR_GUID}", variable_name(k)))
            .collect()
    };
    let held = |k| Ok(String::from_utf8(variable_content(k)).unwrap());
    Facts {
        generation: k,
        release: "7.3.4-rtmap".into(),
        command_line: String::new(),
        page_size: 0x1000,
        five_level: true,
        kexec_version: "kexec-tools 2.0".into(),
        announced: None,
        rtmap: Some(
            files
                .map(|(file, value)| (file.into(), value.into()))
                .into(),
        ),
        tables: Ok([(DMI.into(), 1), (DSDT.into(), 2)].into()),
        runtime_map: Ok(vec![region(0x3f5e_c000)]),
        runtime_services: Ok(0x3f5e_cb98),
        page_tables: Ok(vec![mapping(true, false), mapping(false, true)]),
        variables: Ok(Variables {
            listed_before: names(k),
            listed: names(k + 1),
            held: (0..=k).map(held).collect(),
            written: Ok(()),
        }),
        secure_boot: Ok([("SecureBoot".into(), 0), ("SetupMode".into(), 1)].into()),
        storage: Ok(Storage {
            maximum: 3,
            remaining: 2,
            largest_variable: 1,
        }),
        clock: Ok(Clock {
            epoch: NOW as i64,
            nanoseconds: 1,
        }),
        handover: Ok(Handover {
            size: 0x1000,
            used: 136,
            calls: 1 + k as u32,
            in_progress: 0,
        }),
        memory_kib: 1_000_000,
        ram_kib: 1_100_000,
        reserved_kib: 0,
        tainted: 0,
        ballast: None,
    }
}

/// Of one page, which holds the runtime services table.
fn region(virt: u64) -> RuntimeRegion {
    RuntimeRegion {
        phys: 0x3f5e_c000,
        virt,
        pages: 1,
        ..RuntimeRegion::default()
    }
}

fn mapping(write: bool, execute: bool) -> Mapping {
    Mapping {
        start: 0x1000,
        end: 0x2000,
        write,
        execute,
        cached: true,
        level: Level::Pte,
    }
}

pub fn good() -> Report {
    let told = |k| Told {
        facts: Some(good_facts(k)),
        actions: match k {
            0 => vec![(
                Action::Damage(Damage::CrcBoth),
                Ok("slots [0] spoiled".into()),
            )],
            _ => Vec::new(),
        },
        log: vec![
            "Linux version 7.3".into(),
            "efi: rtmap: ident, fresh".into(),
            "secureboot: Secure boot disabled".into(),
        ],
        left: true,
        ..Told::default()
    };
    Report([(0, told(0)), (1, told(1))].into())
}

fn findings(scenario: &Scenario, report: &Report, console: &str, end: &End) -> Vec<String> {
    findings_with(scenario, report, console, end, None)
}

fn findings_with(
    scenario: &Scenario,
    report: &Report,
    console: &str,
    end: &End,
    firmware: Option<&[Event]>,
) -> Vec<String> {
    let observed = Observed {
        firmware,
        ..observed(report, console, end)
    };
    told_of(scenario, &observed)
}

/// Nothing besides.
fn observed<'a>(report: &'a Report, console: &'a str, end: &'a End) -> Observed<'a> {
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    Observed {
        arch: x86_64(),
        report,
        console,
        end,
        started: now,
        ended: now,
        twin: None,
        firmware: None,
    }
}

fn told_of(scenario: &Scenario, observed: &Observed<'_>) -> Vec<String> {
    judge(scenario, observed)
        .iter()
        .map(Finding::to_string)
        .collect()
}

/// `spoil` changes what generation 1 told; the one finding must have all these parts.
fn red(spoil: impl FnOnce(&mut Told), parts: &[&str]) {
    let mut report = good();
    spoil(report.0.get_mut(&1).unwrap());
    one_finding(
        findings(&scenario(), &report, "", &End::Exited),
        "generation 1: ",
        parts,
    );
}

fn red_facts(spoil: impl FnOnce(&mut Facts), parts: &[&str]) {
    red(|told| spoil(told.facts.as_mut().unwrap()), parts);
}

fn one_finding(findings: Vec<String>, start: &str, parts: &[&str]) {
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(findings[0].starts_with(start), "{findings:?}");
    for part in parts {
        assert!(findings[0].contains(part), "{part:?} not in {findings:?}");
    }
}

#[test]
fn a_good_chain_has_no_findings() {
    assert_eq!(findings(&scenario(), &good(), "", &End::Exited), [""; 0]);
}

#[test]
fn sysfs() {
    let set = |file: &'static str, value: &'static str| {
        move |facts: &mut Facts| {
            facts
                .rtmap
                .as_mut()
                .unwrap()
                .insert(file.into(), value.into());
        }
    };
    red_facts(set("kind", "fixed"), &["expected kind ident", "seen fixed"]);
    red_facts(
        set("origin", "legacy"),
        &["expected origin handover", "seen legacy"],
    );
    red_facts(set("svam", "failed"), &["svam called-ident", "seen failed"]);
    red_facts(set("generation", "0"), &["expected generation 1", "seen 0"]);
    red_facts(set("faulted", "1"), &["expected faulted 0", "seen 1"]);
    red_facts(set("regions", "0"), &["number of regions", "seen 0"]);
    red_facts(|facts| facts.rtmap = None, &["rtmap directory", "none"]);
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
fn taint() {
    red_facts(
        |facts| facts.tainted = TAINT_FIRMWARE,
        &["tainted by firmware: false", "0x800"],
    );
    let mut scenario = scenario();
    scenario.kernel[1].expect.tainted = Some(true);
    let seen = findings(&scenario, &good(), "", &End::Exited);
    one_finding(seen, "generation 1: ", &["tainted by firmware: true"]);
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
    assert!(known("calling SVAM").is(finding), "{finding}");
    assert!(!known("something else").is(finding), "{finding}");
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
fn secure_boot() {
    let said = |words: &'static str| move |told: &mut Told| told.log[2] = words.into();
    red(
        said("secureboot: Secure boot enabled"),
        &["word on secure boot", "disabled", "enabled"],
    );
    red(said("nothing"), &["word on secure boot", "None"]);
    let not_told = "secureboot: Secure boot could not be determined (mode 0)";
    let with = |loader| {
        let mut scenario = scenario();
        scenario.kernel[1].loader = Some(loader);
        let mut report = good();
        said(not_told)(report.0.get_mut(&1).unwrap());
        findings(&scenario, &report, "", &End::Exited)
    };
    assert_eq!(with(Loader::KexecLoad), [""; 0]);
    one_finding(
        with(Loader::KexecFileLoad),
        "generation 1: ",
        &["word on secure boot", "mode 0"],
    );
    red_facts(
        |facts| facts.secure_boot = Ok([("SecureBoot".into(), 1)].into()),
        &["secure boot variables as in the first", "\"SecureBoot\": 1"],
    );
    red_facts(
        |facts| facts.secure_boot = Err("EIO".into()),
        &["reading secure boot variables", "EIO"],
    );
}

#[test]
fn a_kernel_that_must_not_call_firmware_is_told_all_the_same() {
    let mut scenario = scenario();
    scenario.kernel[1].expect.services = Some(Services::All(false));
    let mut report = good();
    let told = report.0.get_mut(&1).unwrap();
    told.log[2] = "secureboot: Secure boot enabled".into();
    let facts = told.facts.as_mut().unwrap();
    facts.variables = Err("none".into());
    (facts.storage, facts.clock) = (Err("none".into()), Err("none".into()));
    facts.secure_boot = Err("none".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["word on secure boot"]);
}

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
