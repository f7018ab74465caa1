// SPDX-License-Identifier: GPL-2.0

//! The kernel's words, for tools: services, the words of the command line, and the rules behind the
//! reasons that sysfs shows.

extern crate alloc;

use crate::plan::{
    base::kind::{
        Kind,
        Privilege,
        Svam, //
    },
    choice::{
        decision::Reason,
        request::Request, //
    },
    firmware::{
        memtype::MemoryType,
        service::CALLED, //
    },
};
use alloc::string::{
    String,
    ToString, //
};

/// The names of the services that kernels call, in their order.
pub fn services() -> impl Iterator<Item = &'static str> {
    CALLED.iter().map(|service| service.name)
}

/// The names of the kinds of map.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    Kind::ALL.into_iter().map(Kind::name)
}

/// The names of the states of SVAM.
pub fn svam_states() -> impl Iterator<Item = &'static str> {
    Svam::ALL.into_iter().map(Svam::name)
}

/// The names of the privileges of firmware.
pub fn privileges() -> impl Iterator<Item = &'static str> {
    Privilege::ALL.into_iter().map(Privilege::name)
}

/// The name of a memory type.
pub fn memory(number: u32) -> String {
    MemoryType(number).to_string()
}

/// The words of a kernel's command line about firmware.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    pub kind: Option<&'static str>,
    pub off: bool,
    pub retry: bool,
    pub privilege: Option<&'static str>,
    /// Services on or off, by `efi=runtime` or `efi=noruntime`.
    pub services: Option<bool>,
}

/// Reads the `efi=` options of a command line as a kernel does.
pub fn asked(command_line: &str) -> Asked {
    let options = command_line.split_whitespace();
    let request = options
        .filter_map(|option| option.strip_prefix("efi="))
        .fold(Request::default(), |request, option| {
            request.add(option.as_bytes(), |_| ())
        });
    Asked {
        kind: request.kind.map(Kind::name),
        off: request.off,
        retry: request.retry,
        privilege: request.privilege.map(Privilege::name),
        services: request.services,
    }
}

/// A rule of the decision, by the reason that it gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// An earlier kernel has made the map, and has left a handover table.
    Handover,
    /// An earlier kernel has made the map, and has left no table.
    Legacy,
    /// Firmware does not support SVAM.
    SvamUnsupported,
    /// SVAM could not come back to this kernel.
    OutOfReach,
    /// The machine is known to need the kind. This is the source.
    Quirk(String),
    Mixed,
    Requested,
    Default,
    /// Addresses of the preferred kind do not fit.
    DoesNotFit,
    /// The status that SVAM has returned.
    SvamFailed(String),
}

/// The rule that gives this `reason`, a line of the file in sysfs. [`None`] if it is not the reason
/// for a map.
pub fn rule(reason: &str) -> Option<Rule> {
    let fixed = [
        (Reason::Handover, Rule::Handover),
        (Reason::Legacy, Rule::Legacy),
        (Reason::SvamUnsupported, Rule::SvamUnsupported),
        (Reason::OutOfReach, Rule::OutOfReach),
        (Reason::Mixed, Rule::Mixed),
        (Reason::Requested, Rule::Requested),
        (Reason::Default, Rule::Default),
        (Reason::NoRoom, Rule::DoesNotFit),
    ];
    if let Some((_, rule)) = fixed
        .into_iter()
        .find(|(text, _)| text.to_string() == reason)
    {
        return Some(rule);
    }
    if let Some(source) = reason.strip_prefix("this firmware needs it (") {
        return Some(Rule::Quirk(source.trim_end_matches(')').into()));
    }
    if let Some(status) = reason.strip_prefix("SVAM failed with status ") {
        return Some(Rule::SvamFailed(status.into()));
    }
    let layout = ["region [", "no room for region ["];
    let does_not_fit = layout.iter().any(|start| reason.starts_with(start));
    does_not_fit.then_some(Rule::DoesNotFit)
}

#[cfg(test)]
mod tests {
    use super::{
        alloc::vec::Vec,
        *, //
    };
    use crate::plan::{
        base::addr::{
            PhysAddr,
            PhysRange, //
        },
        map::layout::LayoutError,
    };

    #[test]
    fn each_reason_has_its_rule() {
        let page = PhysRange::FIRST_PAGE;
        let high = LayoutError::BeyondIdentity(page, PhysAddr::new(0x1000));
        for (reason, expected) in [
            (Reason::Requested, Rule::Requested),
            (Reason::Default, Rule::Default),
            (Reason::Quirk("a machine"), Rule::Quirk("a machine".into())),
            (Reason::Mixed, Rule::Mixed),
            (Reason::SvamUnsupported, Rule::SvamUnsupported),
            (Reason::OutOfReach, Rule::OutOfReach),
            (Reason::DoesNotFit(high), Rule::DoesNotFit),
            (
                Reason::DoesNotFit(LayoutError::Exhausted(page)),
                Rule::DoesNotFit,
            ),
            (Reason::NoRoom, Rule::DoesNotFit),
            (Reason::Handover, Rule::Handover),
            (Reason::Legacy, Rule::Legacy),
            (
                Reason::SvamFailed(1 << 63 | 3),
                Rule::SvamFailed("0x8000000000000003".into()),
            ),
        ] {
            assert_eq!(rule(&reason.to_string()), Some(expected), "{reason}");
        }
        assert_eq!(rule("the memory map has no runtime regions"), None);
    }

    #[test]
    fn words_of_a_command_line_are_read() {
        let line = "root=/dev/sda1 efi=debug,rtmap:off quiet efi=rtmap:user,rtmap:retry noefi=x\n";
        let expected = Asked {
            kind: None,
            off: true,
            retry: true,
            privilege: Some("user"),
            services: None,
        };
        assert_eq!(asked(line), expected);
        assert_eq!(asked("efi=noruntime").services, Some(false));
        assert_eq!(asked("efi=rtmap:fixed").kind, Some("fixed"));
    }

    #[test]
    fn all_services_have_a_name() {
        let names: Vec<_> = services().collect();
        assert_eq!(
            (names.len(), names[0], names[11]),
            (12, "GetTime", "QueryVariableInfo")
        );
    }
}
