// SPDX-License-Identifier: GPL-2.0
//! The negative control: a good chain has no findings, and each thing that can be wrong in it has
//! exactly the one that is meant.

mod chain;
mod derived;
mod firmware;
mod log;
mod maps;
mod memory;
mod modelled;
mod secure_boot;
mod services;
mod sysfs;
mod tables;

use std::time::{Duration, UNIX_EPOCH};

use efi_rtmap_guest::plan::VENDOR_GUID;
use efi_rtmap_guest::plan::{variable_content, variable_name, Action, Damage};
use efi_rtmap_guest::ptdump::{Level, Mapping};
use efi_rtmap_guest::report::{Clock, Handover, RuntimeRegion, Storage, Variables};

use super::*;
use crate::scenario::file::parse;

const NOW: u64 = 1_800_000_000;
const SCENARIO: &str = r#"
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
    parse("example", SCENARIO, x86_64()).unwrap().remove(0)
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
        ("privilege", "kernel"),
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

/// A page with these rights.
pub fn mapping(write: bool, execute: bool) -> Mapping {
    Mapping {
        start: 0x3f5e_c000,
        end: 0x3f5e_d000,
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
