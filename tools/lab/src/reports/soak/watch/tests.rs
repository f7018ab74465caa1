// SPDX-License-Identifier: GPL-2.0
//! A chain that is made up, as the files in which a machine tells of it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::UNIX_EPOCH;

use efi_rtmap_guest::report::{self, Facts};
use tempfile::TempDir;

use super::*;
use crate::arch;
use crate::build::Build;
use crate::judge::tests::good_facts;
use crate::reports::soak::chain;
use crate::words::Requested;

const GENERATIONS: usize = 4;
const REQUESTS: [&str; GENERATIONS] = ["auto", "phys", "ident", "fixed"];
/// Where the driver's code is.
const CODE: u64 = 0x7f00_0000;

struct Machine {
    lab: Lab,
    scenario: Scenario,
    _build: TempDir,
}

impl Machine {
    /// Firmware has been started.
    fn new(time_factor: f64) -> Self {
        let arch = arch::named("x86_64").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let machine = Self {
            lab: Lab {
                build: Build::new(directory.path(), arch).unwrap(),
                arch,
                time_factor,
                keep: false,
                count_instructions: false,
            },
            scenario: chain::scenario(arch, GENERATIONS, Requested::Auto),
            _build: directory,
        };
        fs::create_dir_all(machine.lab.build.logs(&machine.scenario.name)).unwrap();
        machine.say(&Event::Ready {
            code: CODE,
            faults: 0,
        });
        machine.svam();
        machine
    }

    fn watch(&self) -> Watch<'_> {
        Watch::new(&self.lab, &self.scenario)
    }

    fn svam(&self) {
        self.say(&Event::Svam {
            count: 1,
            phys: CODE,
            virt: CODE,
            pc: CODE,
            identity: true,
        });
    }

    /// Generation `k` tells what `spoil` leaves of what is good, and goes.
    fn tell(&self, k: usize, spoil: impl FnOnce(&mut Facts)) {
        self.say(&Event::Generation {
            number: k as u16,
            pc: CODE,
        });
        let mut facts = good_facts(k);
        let files = facts.rtmap.as_mut().unwrap();
        files.insert("requested".into(), REQUESTS[k].into());
        let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
        facts.clock.as_mut().unwrap().epoch = now as i64;
        facts.announced = Some(Ok(()));
        spoil(&mut facts);
        let lines = ["ident, of the first", "phys refused", "fixed refused"];
        let mut lines = lines.map(|line| format!("efi: rtmap: {line}")).to_vec();
        lines.push("secureboot: Secure boot disabled".into());
        for event in [
            report::Event::Facts(Box::new(facts)),
            report::Event::KernelLog {
                generation: k,
                lines,
            },
            report::Event::Leaving { generation: k },
        ] {
            self.write(REPORT, serde_json::to_string(&event).unwrap());
        }
    }

    fn say(&self, event: &Event) {
        self.write(FIRMWARE_LOG, serde_json::to_string(event).unwrap());
    }

    fn write(&self, name: &str, line: String) {
        let path = self.lab.build.logs(&self.scenario.name).join(name);
        let file = OpenOptions::new().create(true).append(true).open(path);
        writeln!(file.unwrap(), "{line}").unwrap();
    }
}

fn only(findings: &[Finding], parts: &[&str]) {
    assert_eq!(findings.len(), 1, "{findings:?}");
    let told = findings[0].to_string();
    for part in parts {
        assert!(told.contains(part), "{part:?} not in {told}");
    }
}

#[test]
fn a_good_chain() {
    let machine = Machine::new(1.0);
    let mut watch = machine.watch();
    for k in 0..GENERATIONS {
        assert_eq!(watch.look().unwrap(), None);
        assert_eq!(watch.good, k);
        machine.tell(k, |_| {});
    }
    assert!(watch.finish(&End::Exited).unwrap().is_empty());
    assert_eq!(watch.good, GENERATIONS);
}

#[test]
fn the_first_that_is_not_good_ends_it() {
    let machine = Machine::new(1.0);
    let mut watch = machine.watch();
    machine.tell(0, |_| {});
    let lose = |facts: &mut Facts| facts.variables.as_mut().unwrap().held[0] = Err("EIO".into());
    machine.tell(1, lose);
    machine.tell(2, lose);
    assert!(watch.look().unwrap().is_some());
    assert_eq!(watch.good, 1);
    let stopped = End::Stopped("stopped".into());
    let findings = watch.finish(&stopped).unwrap();
    only(findings, &["generation 1: ", "reading RtmapLab00", "EIO"]);
}

#[test]
fn so_does_a_number_that_changes() {
    let machine = Machine::new(1.0);
    let mut watch = machine.watch();
    machine.tell(0, |_| {});
    machine.tell(1, |_| {});
    machine.tell(2, |facts| facts.memory_kib -= 8);
    assert!(watch.look().unwrap().is_some());
    let findings = watch.finish(&End::Exited).unwrap();
    only(findings, &["generation 2: ", "memory", "seen 999992"]);
}

#[test]
fn and_a_second_svam() {
    let machine = Machine::new(1.0);
    let mut watch = machine.watch();
    machine.tell(0, |_| {});
    assert_eq!(watch.look().unwrap(), None);
    machine.svam();
    machine.tell(1, |_| {});
    assert!(watch.look().unwrap().is_some());
    let findings = watch.finish(&End::Exited).unwrap();
    let told: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(
        told[0].contains("SetVirtualAddressMap at most once"),
        "{told:?}"
    );
}

#[test]
fn a_machine_that_ends_too_early() {
    let machine = Machine::new(1.0);
    let mut watch = machine.watch();
    machine.tell(0, |_| {});
    machine.write(CONSOLE, "Kernel panic".into());
    let findings = watch.finish(&End::Exited).unwrap();
    only(findings, &["generation 1: ", "a report", "Kernel panic"]);
}

#[test]
fn a_machine_that_falls_silent() {
    let machine = Machine::new(1e-9);
    let mut watch = machine.watch();
    machine.tell(0, |_| {});
    assert!(watch.look().unwrap().unwrap().contains("nothing new"));
    assert_eq!(watch.good, 1);
}
