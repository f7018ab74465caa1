// SPDX-License-Identifier: GPL-2.0
//! Firmware's side of the chain, as the hostile driver in it tells: what was called, and from which
//! mapping.

use efi_rtmap_orders::{Event, Service, What};

use super::{Finding, Judge};
use crate::machine::report::Report;
use crate::scenario::{Check, Scenario};
use crate::words::{Kind, Svam};

/// More than the driver's image takes.
const IMAGE: u64 = 1 << 20;

/// Findings that no single generation can be blamed for.
pub(super) fn chain(scenario: &Scenario, report: &Report, events: &[Event]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expect = |met: bool, expected: &str, seen: String| {
        if !met {
            findings.push(Finding {
                generation: None,
                expected: expected.into(),
                seen,
            });
        }
    };
    let ordered = scenario.fault.len();
    let ready = events.iter().any(
        |event| matches!(event, Event::Ready { faults, .. } if usize::from(*faults) == ordered),
    );
    expect(
        ready,
        &format!("the hostile driver ready with {ordered} faults"),
        format!("{:?}", events.first()),
    );
    let is_svam = |event: &&Event| matches!(event, Event::Svam { .. });
    // Firmware lives until the machine is reset.
    for life in events.chunk_by(|_, next| !matches!(next, Event::Ready { .. })) {
        let calls: Vec<&Event> = life.iter().filter(is_svam).collect();
        expect(
            calls.len() <= 1,
            "SetVirtualAddressMap at most once",
            format!("{calls:x?}"),
        );
        let announced = life
            .iter()
            .position(|event| matches!(event, Event::Generation { .. }));
        let late = life[announced.unwrap_or(life.len())..].iter().find(is_svam);
        expect(
            late.is_none(),
            "SetVirtualAddressMap before the first kernel calls anything else",
            format!("{late:x?}"),
        );
    }
    let calls: Vec<&Event> = events.iter().filter(is_svam).collect();
    if let Some(svam) = svam_of_the_first(report) {
        let told = match calls.first() {
            None => svam == Svam::NotCalled,
            Some(Event::Svam { identity: true, .. }) => {
                matches!(svam, Svam::CalledIdent | Svam::Failed)
            }
            Some(_) => matches!(svam, Svam::CalledFixed | Svam::Failed),
        };
        expect(
            told || svam == Svam::Unknown,
            &format!("firmware to have seen SetVirtualAddressMap as {svam} says"),
            format!("{calls:x?}"),
        );
    }
    let counted = scenario
        .kernel
        .iter()
        .any(|step| step.expect.firmware_faults.is_some());
    let fired = events
        .iter()
        .any(|event| matches!(event, Event::Fault { .. }));
    let must_fire = scenario.fault.iter().any(|fault| must_happen(fault.what));
    expect(
        fired || counted || !must_fire,
        "firmware to do what it was ordered",
        "no fault".into(),
    );
    findings
}

/// The SVAM state in the first kernel's sysfs.
fn svam_of_the_first(report: &Report) -> Option<Svam> {
    let word = report.facts(0)?.rtmap.as_ref()?.get("svam")?;
    serde_json::from_value(word.as_str().into()).ok()
}

/// It happens whatever the kernel does.
fn must_happen(what: What) -> bool {
    !matches!(
        what,
        What::NeedsSvam
            | What::BreaksOnSvam
            | What::BreaksOnIdentity
            | What::KeepsDataPointer
            | What::KeepsServicePointer
            | What::SvamConvertsNothing
    )
}

impl Judge<'_> {
    pub(super) fn firmware(&mut self) {
        let Some(events) = self.observed.firmware else {
            return;
        };
        self.announced(events);
        self.faults(events);
        if self.step.rtmap_on() {
            self.entered_at(events);
        }
    }

    /// All that follows is told by generations.
    fn announced(&mut self, events: &[Event]) {
        if !self.step.expect.works(Check::Write) {
            return;
        }
        let facts = self.facts;
        if let Some(announced) = &facts.announced {
            self.worked("telling firmware the generation", announced);
        }
        let k = self.generation;
        let heard = events.iter().any(
            |event| matches!(event, Event::Generation { number, .. } if usize::from(*number) == k),
        );
        self.expect(
            heard,
            || format!("firmware to have heard of generation {k}"),
            "no such event",
        );
    }

    fn faults(&mut self, events: &[Event]) {
        if let Some(wanted) = self.step.expect.firmware_faults {
            let k = self.generation;
            let seen: Vec<&Event> = events
                .iter()
                .filter(|event| {
                    matches!(event, Event::Fault { generation, .. } if usize::from(*generation) == k)
                })
                .collect();
            self.expect(
                seen.len() == wanted,
                || format!("{wanted} faults of firmware"),
                format!("{seen:?}"),
            );
        }
    }

    /// Services run where the kind of map has the driver's code.
    fn entered_at(&mut self, events: &[Event]) {
        let code = events.iter().find_map(|event| match event {
            Event::Ready { code, .. } => Some(*code),
            _ => None,
        });
        let virt = events.iter().find_map(|event| match event {
            Event::Svam { virt, .. } => Some(*virt),
            _ => None,
        });
        let k = self.generation;
        let entries = events.iter().filter_map(|event| match event {
            Event::Generation { number, pc } if usize::from(*number) == k => {
                Some((Service::SetVariable, *pc))
            }
            Event::Call {
                service,
                generation,
                pc,
            } if usize::from(*generation) == k => Some((*service, *pc)),
            _ => None,
        });
        let mut entries = entries.filter(|(service, _)| !changes_addresses(*service));
        let kind = self.step.expect.kind;
        if kind.is_none_or(|kind| kind == Kind::None) {
            let called = entries.next();
            self.expect(
                called.is_none(),
                || "no call of firmware".into(),
                format!("{called:x?}"),
            );
            return;
        }
        let start = match kind {
            Some(Kind::Fixed) if !self.converts_nothing() => virt,
            _ => code,
        };
        let elsewhere = entries.find(|(service, pc)| {
            let start = if self.keeps_address(*service) {
                code
            } else {
                start
            };
            start.is_none_or(|start| pc.wrapping_sub(start) >= IMAGE)
        });
        self.expect(
            elsewhere.is_none(),
            || format!("services entered at {start:x?}, where the driver's code is"),
            format!("{elsewhere:x?}"),
        );
    }

    /// SVAM changes no address at all.
    pub(super) fn converts_nothing(&self) -> bool {
        let mut faults = self.scenario.fault.iter();
        faults.any(|fault| fault.what == What::SvamConvertsNothing)
    }

    /// SVAM does not convert the pointer to it.
    fn keeps_address(&self, service: Service) -> bool {
        self.scenario
            .fault
            .iter()
            .any(|fault| fault.what == What::KeepsServicePointer && fault.service == service)
    }
}

/// It is called before there is a map to judge by.
fn changes_addresses(service: Service) -> bool {
    matches!(
        service,
        Service::SetVirtualAddressMap | Service::ConvertPointer
    )
}
