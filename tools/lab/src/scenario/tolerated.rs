// SPDX-License-Identifier: GPL-2.0
//! Lines of a kernel's log that look like complaints, and belong to what the scenario orders.

use efi_rtmap_guest::plan::Action;
use efi_rtmap_orders::{Fault, Service, What};

use super::{Expect, Step};

/// Firmware faults, or is given up, and the kernel says where.
const GIVEN_UP: &[&str] = &[
    "in EFI runtime service",
    "WARNING: drivers/firmware/efi",
    "Call Trace:",
];
/// The same, before there is a service to warn of.
const GIVEN_UP_EARLY: &[&str] = &["in EFI runtime service"];
const CRASH: &[&str] = &["sysrq triggered crash", "Call Trace:"];

/// Adds to each kernel the lines that its actions and the machine's faults bring.
pub fn complete(steps: &mut [Step], faults: &[Fault]) {
    for step in steps {
        let mut lines = Vec::new();
        for fault in faults {
            lines.extend(always(fault));
            if happens(&step.expect) {
                lines.extend(when_it_happens(fault).iter().map(ToString::to_string));
            }
        }
        let crashes = |action: &Action| matches!(action, Action::Crash | Action::CrashIn(_));
        if step.then.iter().any(crashes) {
            lines.extend(CRASH.iter().map(ToString::to_string));
        }
        for line in lines {
            if !step.expect.tolerate.contains(&line) {
                step.expect.tolerate.push(line);
            }
        }
    }
}

/// A fault of firmware is expected of this kernel.
fn happens(expect: &Expect) -> bool {
    expect.firmware_faults.is_some_and(|count| count > 0) || expect.faulted == Some(true)
}

fn when_it_happens(fault: &Fault) -> &'static [&'static str] {
    match (fault.what, fault.service) {
        (What::BreaksOnSvam | What::BreaksOnIdentity, _) => GIVEN_UP_EARLY,
        // One that writes is not torn out of firmware.
        (What::Hang, Service::SetVariable) => &[],
        (what, Service::SetVirtualAddressMap) if what.never_returns() => GIVEN_UP_EARLY,
        (what, _) if what.never_returns() => GIVEN_UP,
        (What::ReadsBootServices | What::ReadsPageZero | What::NeedsSvam, _) => GIVEN_UP,
        _ => &[],
    }
}

/// Of what every kernel meets.
fn always(fault: &Fault) -> Vec<String> {
    let put_right = format!("{:?} returns with ", fault.service);
    match fault.what {
        What::DirectionFlag
        | What::AlignmentCheck
        | What::FpuControl
        | What::Mxcsr
        | What::CalleeSaved => vec![put_right],
        What::PlatformRegister => vec![put_right, "register x18 corrupted".into()],
        What::InterruptsOff => ["IRQ flags corrupted", "WARNING: ", "Call Trace:"]
            .map(String::from)
            .into(),
        What::BadCrc => vec!["runtime services table: ".into()],
        What::NullPointer | What::PointerOutside | What::PointerToData => {
            vec!["Firmware Bug".into()]
        }
        What::EndlessNames => vec!["GetNextVariableName gives more names than".into()],
        What::SizeBeyondBuffer => vec!["GetVariable says that it has written".into()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Image;

    fn fault(what: What, service: Service) -> Fault {
        Fault {
            what,
            service,
            generation: 0,
            call: 0,
            count: 0,
        }
    }

    fn tolerated(faults: &[Fault], spoil: impl Fn(&mut Step)) -> Vec<String> {
        let mut step = Step::new(Image::Rtmap, String::new(), None);
        spoil(&mut step);
        let mut steps = [step];
        complete(&mut steps, faults);
        let [step] = steps;
        step.expect.tolerate
    }

    #[test]
    fn a_fault_brings_its_lines_where_it_happens() {
        let faults = [fault(What::PageFault, Service::GetWakeupTime)];
        let counted = |count| move |step: &mut Step| step.expect.firmware_faults = Some(count);
        assert_eq!(tolerated(&faults, counted(1)), GIVEN_UP);
        assert_eq!(
            tolerated(&faults, |step| step.expect.faulted = Some(true)),
            GIVEN_UP
        );
        assert_eq!(tolerated(&faults, counted(0)), [""; 0]);
        assert_eq!(tolerated(&faults, |_| ()), [""; 0]);
    }

    #[test]
    fn in_svam_there_is_no_warning() {
        let faults = [fault(What::PageFault, Service::SetVirtualAddressMap)];
        let seen = tolerated(&faults, |step| step.expect.faulted = Some(true));
        assert_eq!(seen, GIVEN_UP_EARLY);
    }

    #[test]
    fn what_every_call_does_is_told_of_in_every_kernel() {
        let faults = [fault(What::Mxcsr, Service::GetTime)];
        assert_eq!(tolerated(&faults, |_| ()), ["GetTime returns with "]);
    }

    #[test]
    fn a_crash_brings_its_lines_once() {
        let crashing = |step: &mut Step| {
            step.then = vec![Action::CrashIn(Service::SetVariable), Action::Crash];
            step.expect.tolerate = vec!["Call Trace:".into()];
        };
        let seen = tolerated(&[], crashing);
        assert_eq!(seen, ["Call Trace:", "sysrq triggered crash"]);
    }
}
