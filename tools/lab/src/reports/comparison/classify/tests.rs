// SPDX-License-Identifier: GPL-2.0
//! Each way to end has its words, and none has another's.

use std::time::Duration;

use efi_rtmap_orders::{Service, What};

use super::*;
use crate::judge::tests::{good, mapping, DMI, DSDT};
use crate::scenario::SERVICES;

const CONSOLE: &str = "firmware\nrtmap.gen=0\nlines\nrtmap.gen=1\nlines\n";

fn chain(report: &Report, console: &str, end: &End, firmware: &[Event]) -> String {
    let seen = Seen {
        report,
        console,
        end,
        firmware,
    };
    seen.chain(2)
}

/// `spoil` changes what both kernels told.
fn both(spoil: impl Fn(&mut Told)) -> String {
    let mut report = good();
    report.0.values_mut().for_each(spoil);
    chain(&report, CONSOLE, &End::Exited, &[])
}

fn facts(told: &mut Told) -> &mut Facts {
    told.facts.as_mut().unwrap()
}

fn off(told: &mut Told) {
    let facts = facts(told);
    facts.variables = Err("no efivarfs".into());
    facts.storage = Err("EINVAL".into());
    facts.clock = Err("EINVAL".into());
}

fn fault(what: What, generation: u16) -> Event {
    Event::Fault {
        what,
        service: Service::GetTime,
        generation,
    }
}

#[test]
fn services() {
    assert_eq!(both(|_| {}), "works");
    assert_eq!(both(off), "services off");
    assert_eq!(
        both(|told| facts(told).clock = Err("EINVAL".into())),
        "works but for GetTime"
    );
    let no_list = |told: &mut Told| facts(told).variables = Err("EIO".into());
    assert_eq!(
        both(no_list),
        "works but for listing variables, reading variables, writing variables"
    );
    // Its names are still there.
    let late = |told: &mut Told| {
        off(told);
        let mut variables = facts(&mut good().0.remove(&0).unwrap()).variables.clone();
        let of = variables.as_mut().unwrap();
        of.written = Err("EIO".into());
        of.held = vec![Err("EIO".into())];
        facts(told).variables = variables;
    };
    assert_eq!(both(late), "services off");
}

#[test]
fn calls_of_actions() {
    let call = |text: &str| (Action::Call(Service::GetTime), Ok(text.to_string()));
    assert_eq!(
        both(|told| told.actions = vec![
            call("GetTime: EFI_ABORTED"),
            call("GetTime: EFI_DEVICE_ERROR")
        ]),
        "kernel 0: EFI_ABORTED, services off; kernel 1: EFI_ABORTED, services off, calls firmware that has failed"
    );
    assert_eq!(
        both(|told| told.actions = vec![call("GetTime: EFI_ABORTED"), call("GetTime: EFI_SUCCESS")]),
        "kernel 0: EFI_ABORTED, works; kernel 1: EFI_ABORTED, works, calls firmware that has failed"
    );
    // Firmware may lack a service.
    assert_eq!(
        both(|told| told.actions = vec![call("GetWakeupTime: EFI_UNSUPPORTED")]),
        "works"
    );
    assert_eq!(
        both(|told| told.actions = vec![(Action::Crash, Ok("EFI_ABORTED".into()))]),
        "works"
    );
}

/// Our kernels with firmware in user mode, which call the services of `list` in the end.
fn in_user_mode(list: &str, spoil: impl Fn(&mut Told)) -> Report {
    let mut report = good();
    for told in report.0.values_mut() {
        let facts = facts(told);
        facts.command_line = "efi=rtmap:user".into();
        let files = facts.rtmap.as_mut().unwrap();
        files.insert("privilege".into(), "user".into());
        let read = Action::Read(SERVICES.into());
        told.actions.push((read, Ok(format!("{SERVICES}: {list}"))));
        spoil(told);
    }
    report
}

const ALL: &str = "GetTime SetTime GetWakeupTime SetWakeupTime GetVariable";

#[test]
fn user_mode() {
    let seen = |list: &str, spoil: fn(&mut Told), events: &[Event]| {
        chain(&in_user_mode(list, spoil), CONSOLE, &End::Exited, events)
    };
    assert_eq!(seen(ALL, |_| (), &[]), "works");
    let less = "GetTime SetTime SetWakeupTime GetVariable";
    assert_eq!(
        seen(less, |_| (), &[fault(What::PageFault, 0)]),
        "kernel 0: works but for GetWakeupTime; kernel 1: works but for GetWakeupTime, firmware that has \
         failed is called in user mode only"
    );
    let aborted = |told: &mut Told| {
        let call = (Action::Call(Service::GetTime), Ok("EFI_ABORTED".into()));
        told.actions.insert(0, call);
    };
    assert_eq!(
        seen("none", aborted, &[]),
        "kernel 0: EFI_ABORTED, services off; kernel 1: EFI_ABORTED, services off, firmware that has failed \
         is called in user mode only"
    );
    let refused = |told: &mut Told| {
        let files = facts(told).rtmap.as_mut().unwrap();
        files.insert("privilege".into(), "kernel".into());
    };
    assert_eq!(seen(ALL, refused, &[]), "works, not in user mode");
    assert_eq!(
        seen(ALL, refused, &[fault(What::Hang, 0)]),
        "kernel 0: works, not in user mode; kernel 1: works, not in user mode, calls firmware that has failed"
    );
}

#[test]
fn what_is_worse_has_a_lower_rank() {
    let rank = |report: &Report, console: &str, events: &[Event]| {
        let seen = Seen {
            report,
            console,
            end: &End::Exited,
            firmware: events,
        };
        seen.rank(1)
    };
    let spoiled = |spoil: &dyn Fn(&mut Told)| {
        let mut report = good();
        spoil(report.0.get_mut(&1).unwrap());
        rank(&report, CONSOLE, &[])
    };
    let failed = [fault(What::Hang, 0)];
    let dump = |outcome: Result<String, String>| {
        spoiled(&|told| told.actions = vec![(Action::ReadDump, outcome.clone())])
    };
    let in_order = [
        spoiled(&|told| told.left = false),
        rank(&good(), CONSOLE, &failed),
        spoiled(&off),
        spoiled(&|told| {
            facts(told).clock = Err("EINVAL".into());
            facts(told).storage = Err("EINVAL".into());
        }),
        spoiled(&|told| facts(told).clock = Err("EINVAL".into())),
        rank(&good(), &format!("{CONSOLE}Oops\n"), &[]),
        spoiled(&|told| {
            let call = |text: &str| (Action::Call(Service::GetTime), Ok(text.to_string()));
            told.actions = vec![call("EFI_ABORTED"), call("EFI_SUCCESS")];
        }),
        spoiled(&|told| {
            facts(told).tables.as_mut().unwrap().remove(DMI);
            facts(told).tables.as_mut().unwrap().remove(DSDT);
        }),
        dump(Err(String::new())),
        spoiled(&|told| facts(told).page_tables = Ok(vec![mapping(true, true)])),
        rank(&good(), CONSOLE, &[]),
    ];
    for pair in in_order.windows(2) {
        assert!(pair[0] < pair[1], "{pair:?}");
    }
    let same = rank(&good(), CONSOLE, &[]);
    assert_eq!(rank(&in_user_mode(ALL, |_| ()), CONSOLE, &failed), same);
    assert_eq!(dump(Ok(String::new())), same);
    assert_eq!(spoiled(&|told| facts(told).tainted = TAINT_FIRMWARE), same);
}

#[test]
fn what_is_added() {
    assert_eq!(
        both(|told| facts(told).page_tables = Ok(vec![mapping(true, true); 2])),
        "works, W+X ranges: 2"
    );
    assert_eq!(
        both(|told| facts(told).tainted = TAINT_FIRMWARE),
        "works, firmware blamed"
    );
    assert_eq!(
        both(|told| told.log.push("Oops: invalid opcode".into())),
        "oops, works"
    );
    assert_eq!(
        both(|told| told.log.push("GetTime wedged in firmware".into())),
        "waits for firmware that hangs, works"
    );
}

#[test]
fn tables_that_do_not_ride_along() {
    let second = |spoil: fn(&mut Facts)| {
        let mut report = good();
        spoil(facts(report.0.get_mut(&1).unwrap()));
        chain(&report, CONSOLE, &End::Exited, &[])
    };
    let changed = second(|facts| {
        facts.tables.as_mut().unwrap().insert(DSDT.into(), 7);
    });
    assert_eq!(
        changed,
        "kernel 0: works; kernel 1: works, lost or changed: ACPI"
    );
    let lost = second(|facts| {
        facts.tables.as_mut().unwrap().remove(DMI);
    });
    assert_eq!(
        lost,
        "kernel 0: works; kernel 1: works, lost or changed: SMBIOS"
    );
    let unread = second(|facts| facts.tables = Err("EIO".into()));
    assert!(
        unread.ends_with("lost or changed: SMBIOS, ACPI"),
        "{unread}"
    );
}

#[test]
fn what_is_left_of_a_crash() {
    let left = |dump: Result<String, String>, log: Result<String, String>| {
        both(|told| {
            told.actions = vec![
                (Action::ReadDump, dump.clone()),
                (Action::ReadPstore, log.clone()),
            ];
        })
    };
    let (found, none) = (Ok(String::new()), Err(String::new()));
    assert_eq!(
        left(found.clone(), found.clone()),
        "works, dump complete, log of the crash in variables"
    );
    assert_eq!(
        left(none.clone(), none),
        "works, no dump, no log of the crash in variables"
    );
}

#[test]
fn the_end() {
    let stopped = |words: &str, end: &End| {
        let mut report = good();
        report.0.remove(&1);
        chain(&report, &format!("{CONSOLE}{words}\n"), end, &[])
    };
    let limit = End::TimedOut(Duration::from_secs(1));
    let panic = "Kernel panic - not syncing";
    assert_eq!(stopped(panic, &limit), "kernel 0: works; kernel 1: panic");
    assert_eq!(stopped("", &limit), "kernel 0: works; kernel 1: hangs");
    assert_eq!(
        stopped("", &End::Exited),
        "kernel 0: works; kernel 1: stops"
    );
    let mut report = good();
    report.0.get_mut(&1).unwrap().left = false;
    assert_eq!(
        chain(&report, &format!("{CONSOLE}Oops\n{panic}\n"), &limit, &[]),
        "kernel 0: works; kernel 1: oops, panic"
    );
    assert_eq!(
        chain(&Report::default(), "firmware\n", &limit, &[]),
        "does not boot"
    );
}

#[test]
fn the_firmwares_side() {
    let with = |events: &[Event]| chain(&good(), CONSOLE, &End::Exited, events);
    let called = "kernel 0: works; kernel 1: works, calls firmware that has failed";
    assert_eq!(with(&[fault(What::Hang, 0)]), called);
    assert_eq!(with(&[fault(What::Hang, 0), fault(What::Hang, 1)]), called);
    assert_eq!(with(&[fault(What::Hang, 1), fault(What::Hang, 1)]), "works");
    assert_eq!(
        with(&[fault(What::InterruptsOff, 0), fault(What::InterruptsOff, 1)]),
        "works"
    );
    let svam = Event::Svam {
        count: 1,
        phys: 0,
        virt: 0,
        pc: 0,
        identity: true,
    };
    assert_eq!(with(std::slice::from_ref(&svam)), "works");
    assert_eq!(with(&[svam.clone(), svam]), "works; SVAM called again");
}

#[test]
fn firmware_that_has_failed_is_none_that_works() {
    let works = |report: &Report, events: &[Event]| {
        let seen = Seen {
            report,
            console: CONSOLE,
            end: &End::Exited,
            firmware: events,
        };
        [0, 1].map(|k| seen.works(k))
    };
    assert_eq!(works(&good(), &[]), [true, true]);
    assert_eq!(works(&good(), &[fault(What::Hang, 0)]), [true, false]);
    let mut report = good();
    off(report.0.get_mut(&0).unwrap());
    facts(report.0.get_mut(&1).unwrap()).clock = Err("EINVAL".into());
    assert_eq!(works(&report, &[]), [false, false]);
    assert_eq!(
        chain(&report, CONSOLE, &End::Exited, &[fault(What::Hang, 0)]),
        "kernel 0: services off; kernel 1: works but for GetTime, calls firmware that has failed"
    );
    off(report.0.get_mut(&1).unwrap());
    assert_eq!(
        chain(&report, CONSOLE, &End::Exited, &[fault(What::Hang, 0)]),
        "services off"
    );
}

#[test]
fn variables_that_read_otherwise_are_not_read() {
    let longer = |told: &mut Told| {
        for held in &mut facts(told).variables.as_mut().unwrap().held {
            held.as_mut().unwrap().push_str("of the kernel's");
        }
    };
    assert_eq!(both(longer), "works but for reading variables");
}
