// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl explain`: the rule of the decision that gave the map, its source, and a way to change
//! it. The rules have the numbers of Documentation/admin-guide/efi-rtmap/choosing.rst.

use efi_rtmap_plan::words::{self, Rule};

use crate::facts::Facts;
use crate::machine::Found;
use crate::page::Page;
use crate::paint::Paint;

/// A rule in words.
struct Explained {
    rule: &'static str,
    source: String,
    change: String,
}

const RESTART: &str =
    "restart the machine through its firmware, with efi=rtmap:KIND on the command \
                       line of the first kernel";

pub fn text(facts: &Facts, paint: Paint) -> String {
    let heading = |name: &str| paint.heading(&format!("{name:<10}"));
    let Some(rule) = words::rule(&facts.reason).filter(|_| facts.kind != "none") else {
        return format!(
            "{} none: the runtime services are off\n{} {}\n{} see `rtmapctl why-off`\n",
            heading("map"),
            heading("reason"),
            facts.reason,
            heading("to change"),
        );
    };
    let Explained {
        rule,
        source,
        change,
    } = explained(&rule, facts);
    let mut text = String::new();
    for (name, value) in [
        ("map", facts.kind.to_string()),
        ("reason", facts.reason.clone()),
        ("rule", rule.into()),
        ("source", source),
        ("request", request(facts)),
        ("to change", change),
    ] {
        text += &format!("{} {value}\n", heading(name));
    }
    if let Some(entry) = Page::read().explaining(&facts.reason) {
        text += "\n";
        for line in entry.text.lines() {
            text += &format!("{line}\n");
        }
    }
    text
}

fn explained(rule: &Rule, facts: &Facts) -> Explained {
    let (rule, source, change) = match rule {
        Rule::Handover => (
            "1, an earlier kernel of the chain has made a map",
            by_whom(facts),
            RESTART.into(),
        ),
        Rule::Legacy => (
            "1, an earlier kernel of the chain has made a map",
            "the memory map that kexec passed on; that kernel has left no table that can be used"
                .into(),
            RESTART.into(),
        ),
        Rule::SvamUnsupported => (
            "2, firmware does not support SVAM at run time",
            "firmware's RT_PROPERTIES table, or its pointer to SVAM, which the log then names"
                .into(),
            "only a newer firmware does".into(),
        ),
        Rule::OutOfReach => (
            "2, firmware could not come back from SVAM",
            "the place of this kernel, above 4 GiB, and 32-bit firmware".into(),
            "start a kernel below 4 GiB".into(),
        ),
        Rule::Quirk(source) if facts.kind == "phys" => (
            "3, the machine is known to break in SVAM",
            format!("a quirk: {source}"),
            "nothing: a request for another kind is refused on this machine".into(),
        ),
        Rule::Quirk(source) => (
            "6, the machine is known to need SVAM",
            format!("a quirk: {source}"),
            "boot with efi=rtmap:KIND: a request wins over this quirk".into(),
        ),
        Rule::Mixed => (
            "4, firmware is 32-bit",
            "the width of firmware, in /sys/firmware/efi/fw_platform_size".into(),
            "boot with efi=rtmap:phys or efi=rtmap:ident".into(),
        ),
        Rule::Requested => (
            "5, the command line asks for a kind",
            format!("the request efi=rtmap:{}", facts.requested),
            "boot without the request, or with another one".into(),
        ),
        Rule::Default => (
            "7 or 8, no other rule matched",
            "the configuration of this kernel, or its architecture".into(),
            "boot with efi=rtmap:KIND, or build with CONFIG_EFI_RTMAP_DEFAULT_*".into(),
        ),
        Rule::DoesNotFit => (
            "none: the kind of the first rule that matched does not fit",
            "the addresses of firmware's memory, and the address space of this kernel".into(),
            "boot a kernel with more bits of virtual address".into(),
        ),
        Rule::SvamFailed(status) => (
            "none: the kind of the first rule that matched needs SVAM, which failed",
            format!("the status {status} of SVAM"),
            "boot with efi=rtmap:phys to leave SVAM out, or look for a newer firmware".into(),
        ),
    };
    Explained {
        rule,
        source,
        change,
    }
}

fn by_whom(facts: &Facts) -> String {
    match (facts.svam_generation(), facts.svam, &facts.table) {
        (Some(generation), _, _) => {
            format!("the handover table; generation {generation} called SVAM")
        }
        (None, "not-called", _) => "the handover table; no kernel has called SVAM".into(),
        (None, _, Found::Forbidden) => "the handover table; root can see who called SVAM".into(),
        (None, ..) => "the handover table; nobody knows who called SVAM".into(),
    }
}

fn request(facts: &Facts) -> String {
    match facts.requested {
        "auto" => "none on the command line".into(),
        kind if kind == facts.kind => format!("efi=rtmap:{kind}, granted"),
        kind => format!("efi=rtmap:{kind}, refused"),
    }
}
