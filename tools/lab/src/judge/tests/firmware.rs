// SPDX-License-Identifier: GPL-2.0
//! The hostile driver tells something else than it should.

use std::collections::BTreeMap;

use efi_rtmap_orders::{Fault, Service, What};

use super::*;
use crate::scenario::Expect;
use crate::words::Svam;

const CODE: u64 = 0x3f00_0000;
const HIGH: u64 = 0xffff_fffe_0000_0000;
const INSIDE: u64 = 0x1234;

fn svam(count: u32, virt: u64) -> Event {
    Event::Svam {
        count,
        phys: CODE,
        virt,
        pc: CODE + INSIDE,
        identity: virt == CODE,
    }
}

fn call(generation: u16, pc: u64) -> Event {
    Event::Call {
        service: Service::GetTime,
        generation,
        pc,
    }
}

fn fault(generation: u16) -> Event {
    Event::Fault {
        what: What::PageFault,
        service: Service::GetTime,
        generation,
    }
}

/// Of the good chain.
fn events() -> Vec<Event> {
    let pc = CODE + INSIDE;
    let ready = Event::Ready {
        code: CODE,
        faults: 0,
    };
    let generation = |number| Event::Generation { number, pc };
    vec![
        ready,
        svam(1, CODE),
        generation(0),
        call(0, pc),
        generation(1),
        call(1, pc),
    ]
}

fn told(scenario: &Scenario, report: &Report, events: &[Event]) -> Vec<String> {
    findings_with(scenario, report, "", &End::Exited, Some(events))
}

/// The one finding when the events are changed.
fn red_events(spoil: impl FnOnce(&mut Vec<Event>), start: &str, parts: &[&str]) {
    let mut events = events();
    spoil(&mut events);
    one_finding(told(&scenario(), &good(), &events), start, parts);
}

#[test]
fn a_good_chain() {
    assert_eq!(told(&scenario(), &good(), &events()), [""; 0]);
}

#[test]
fn svam_is_called_again_once_the_machine_was_reset() {
    let mut events = events();
    events.extend([events[0].clone(), svam(1, CODE)]);
    assert_eq!(told(&scenario(), &good(), &events), [""; 0]);
}

#[test]
fn the_driver_is_there() {
    let twice = |events: &mut Vec<Event>| {
        events[0] = Event::Ready {
            code: CODE,
            faults: 2,
        }
    };
    red_events(twice, "machine: ", &["ready with 0 faults", "faults: 2"]);
}

#[test]
fn svam_is_called_as_sysfs_says() {
    red_events(
        |events| {
            events.remove(1);
        },
        "machine: ",
        &["as called-ident says", "seen []"],
    );
    red_events(
        |events| events[1] = svam(1, HIGH),
        "machine: ",
        &["as called-ident says", "identity: false"],
    );
    red_events(
        |events| events.insert(1, svam(1, CODE)),
        "machine: ",
        &["at most once"],
    );
    red_events(
        |events| events.extend([self::events()[0].clone(), svam(1, CODE), svam(2, CODE)]),
        "machine: ",
        &["at most once", "count: 2"],
    );
    red_events(
        |events| events.swap(1, 2),
        "machine: ",
        &["before the first kernel calls anything else", "count: 1"],
    );
}

/// Another word in sysfs, with and without the call.
#[test]
fn svam_that_was_refused() {
    let mut scenario = scenario();
    scenario.kernel.truncate(1);
    scenario.kernel[0].expect.svam = Some(Svam::Failed);
    let mut report = good();
    report.0.remove(&1);
    let facts = report.0.get_mut(&0).unwrap().facts.as_mut().unwrap();
    let files = facts.rtmap.as_mut().unwrap();
    files.insert("svam".into(), "failed".into());
    let mut events = events();
    assert_eq!(told(&scenario, &report, &events), [""; 0]);
    events.remove(1);
    one_finding(
        told(&scenario, &report, &events),
        "machine: ",
        &["as failed says"],
    );
}

#[test]
fn where_services_run() {
    let at = |pc| move |events: &mut Vec<Event>| events[5] = call(1, pc);
    let parts = &["services entered at", "GetTime"];
    red_events(at(HIGH), "generation 1: ", parts);
    red_events(at(CODE - 1), "generation 1: ", parts);

    let mut scenario = scenario();
    for step in &mut scenario.kernel {
        step.expect.kind = Some(Kind::Fixed);
    }
    let entered = |scenario: &Scenario, pc: u64| {
        let mut events = events();
        events[1] = svam(1, HIGH);
        for event in &mut events[2..] {
            if let Event::Generation { pc, .. } = event {
                *pc = HIGH + INSIDE;
            }
        }
        events[3] = call(0, pc);
        events[5] = call(1, pc);
        let findings = told(scenario, &good(), &events);
        let mut wrong = findings.iter();
        wrong.any(|finding| finding.contains("services entered at"))
    };
    assert!(!entered(&scenario, HIGH + INSIDE));
    assert!(entered(&scenario, CODE + INSIDE));
    scenario.fault = vec![Fault {
        what: What::KeepsServicePointer,
        service: Service::GetTime,
        generation: 0,
        call: 0,
        count: 0,
    }];
    assert!(!entered(&scenario, CODE + INSIDE));
    assert!(entered(&scenario, HIGH + INSIDE));
}

#[test]
fn services_stay_where_they_are_if_svam_converts_nothing() {
    let mut scenario = scenario();
    for step in &mut scenario.kernel {
        step.expect.kind = Some(Kind::Fixed);
    }
    scenario.fault = vec![Fault {
        what: What::SvamConvertsNothing,
        service: Service::GetTime,
        generation: 0,
        call: 0,
        count: 0,
    }];
    let entered = |pc: u64| {
        let mut events = events();
        events[1] = svam(1, HIGH);
        events[5] = call(1, pc);
        let findings = told(&scenario, &good(), &events);
        let mut wrong = findings.iter();
        wrong.any(|finding| finding.contains("services entered at"))
    };
    assert!(!entered(CODE + INSIDE));
    assert!(entered(HIGH + INSIDE));
}

#[test]
fn svam_runs_where_it_was_before() {
    let mut events = events();
    events.insert(
        2,
        Event::Call {
            service: Service::SetVirtualAddressMap,
            generation: 0,
            pc: HIGH,
        },
    );
    assert_eq!(told(&scenario(), &good(), &events), [""; 0]);
}

#[test]
fn generations_are_announced() {
    red_events(
        |events| {
            events.remove(4);
        },
        "generation 1: ",
        &["heard of generation 1"],
    );
    let mut report = good();
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.announced = Some(Err("EIO".into()));
    one_finding(
        told(&scenario(), &report, &events()),
        "generation 1: ",
        &["telling firmware the generation", "EIO"],
    );
}

#[test]
fn faults_must_happen_and_as_often_as_expected() {
    let mut scenario = scenario();
    let ordered = |what| Fault {
        what,
        service: Service::GetTime,
        generation: 0,
        call: 0,
        count: 0,
    };
    let mut events = events();
    events[0] = Event::Ready {
        code: CODE,
        faults: 1,
    };
    scenario.fault = vec![ordered(What::PageFault)];
    one_finding(
        told(&scenario, &good(), &events),
        "machine: ",
        &["firmware to do what it was ordered", "no fault"],
    );
    scenario.fault = vec![ordered(What::NeedsSvam)];
    assert_eq!(told(&scenario, &good(), &events), [""; 0]);

    scenario.fault = vec![ordered(What::PageFault)];
    scenario.kernel[1].expect.firmware_faults = Some(1);
    one_finding(
        told(&scenario, &good(), &events),
        "generation 1: ",
        &["1 faults of firmware", "seen []"],
    );
    events.push(fault(1));
    assert_eq!(told(&scenario, &good(), &events), [""; 0]);
    events.push(fault(1));
    assert_eq!(told(&scenario, &good(), &events).len(), 1);
}

/// A chain whose second kernel has no services, and is expected to be `expect`. The files that its
/// rtmap directory would have.
fn without_services(expect: Expect) -> (Scenario, Report, BTreeMap<String, String>) {
    let mut scenario = scenario();
    scenario.kernel[1].expect = expect;
    scenario.complete(x86_64());
    let mut report = good();
    let facts = second(&mut report);
    facts.variables = Err("no efivarfs".into());
    facts.storage = Err("EINVAL".into());
    facts.clock = Err("EINVAL".into());
    let files = facts.rtmap.take().unwrap();
    (scenario, report, files)
}

fn second(report: &mut Report) -> &mut Facts {
    report.0.get_mut(&1).unwrap().facts.as_mut().unwrap()
}

#[test]
fn services_that_are_off() {
    let expect = Expect {
        off: true,
        ..Default::default()
    };
    let (scenario, mut report, mut files) = without_services(expect);
    let events = &events()[..4];
    one_finding(
        told(&scenario, &report, events),
        "generation 1: ",
        &["an rtmap directory", "none"],
    );
    files.insert("kind".into(), "none".into());
    files.insert("origin".into(), "none".into());
    files.insert("svam".into(), "unknown".into());
    second(&mut report).rtmap = Some(files.clone());
    assert_eq!(told(&scenario, &report, events), [""; 0]);
    files.insert("kind".into(), "ident".into());
    second(&mut report).rtmap = Some(files);
    one_finding(
        told(&scenario, &report, events),
        "generation 1: ",
        &["kind none", "seen ident"],
    );
}

#[test]
fn firmware_that_a_kernel_is_not_told_of() {
    let expect = Expect {
        untold: true,
        ..Default::default()
    };
    let (scenario, mut report, files) = without_services(expect);
    second(&mut report).tables = Ok([].into());
    let events = &events()[..];
    assert_eq!(told(&scenario, &report, &events[..4]), [""; 0]);
    one_finding(
        told(&scenario, &report, events),
        "generation 1: ",
        &["no call of firmware", "SetVariable"],
    );
    second(&mut report).rtmap = Some(files);
    one_finding(
        told(&scenario, &report, &events[..4]),
        "generation 1: ",
        &["no rtmap directory", "ident"],
    );
}
