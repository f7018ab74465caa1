// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl status`: the facts as text.

use crate::facts::{Because, Facts};
use crate::machine::Found;
use crate::paint::Paint;

pub fn text(facts: &Facts, paint: Paint) -> String {
    let rows = [
        ("map", map(facts, paint)),
        ("reason", facts.reason.clone()),
        ("SVAM", svam(facts)),
        ("requested", facts.requested.into()),
        ("privilege", privilege(facts)),
        ("services", services(facts, paint)),
        ("firmware", firmware(facts, paint)),
        ("regions", regions(facts, paint)),
        ("calls", calls(facts)),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        text += &format!("{} {value}\n", paint.heading(&format!("{name:<10}")));
    }
    for off in facts.off() {
        if off.because != Because::All {
            let service = paint.doubtful(off.service);
            text += &format!("{:<10} {service} is off: {}\n", "", words(off.because));
        }
    }
    text
}

/// The reason in words.
pub fn words(because: Because) -> &'static str {
    match because {
        Because::All => "all services are off",
        Because::Unsupported => "firmware says that it does not have it",
        Because::Pointer => "firmware's pointer to it leads to no code",
        Because::Failed => "firmware was stopped in user mode",
        Because::Width => {
            "firmware is 32-bit, and the kernel calls it in user mode only, or not at all"
        }
        Because::Unknown => "no reason is recorded; the kernel log may have one",
    }
}

fn map(facts: &Facts, paint: Paint) -> String {
    if facts.kind == "none" {
        return paint.bad("none: the runtime services are off");
    }
    let kind = paint.good(facts.kind);
    let origin = match facts.origin {
        "fresh" => "made by this kernel",
        "handover" => "inherited through the handover table",
        _ => "inherited without a handover table",
    };
    match facts.generation {
        Some(generation) => format!("{kind}, {origin}, generation {generation}"),
        None => format!("{kind}, {origin}"),
    }
}

fn svam(facts: &Facts) -> String {
    match (facts.svam_generation(), facts.svam) {
        (Some(generation), state) if Some(generation) == facts.generation => {
            format!("{state}, by this kernel or its stub (generation {generation})")
        }
        (Some(generation), state) => format!("{state}, by generation {generation}"),
        (None, state @ ("not-called" | "unknown")) => state.into(),
        (None, state) => match facts.table {
            Found::Forbidden => format!("{state}; root can see by which generation"),
            _ => format!("{state}; nobody knows by which kernel"),
        },
    }
}

fn privilege(facts: &Facts) -> String {
    let granted = facts.privileges.as_deref().unwrap_or_default();
    match granted {
        [] => facts.privilege.into(),
        granted => format!("{}, with {}", facts.privilege, granted.join(" ")),
    }
}

fn services(facts: &Facts, paint: Paint) -> String {
    let (on, off) = (facts.on.len(), facts.off().len());
    let all = on + off;
    match (on, off) {
        (0, _) => format!("{}: see `rtmapctl why-off`", paint.bad("off")),
        (_, 0) => paint.good(&format!("all {all} on")),
        (_, _) => format!("{on} of {all} on"),
    }
}

fn firmware(facts: &Facts, paint: Paint) -> String {
    match facts.faulted {
        true => paint.bad("has failed, in this kernel or in an earlier one"),
        false => "is not known to have failed".into(),
    }
}

fn regions(facts: &Facts, paint: Paint) -> String {
    let wx = match facts.wx_pages {
        0 => "none of it writable and executable at once".into(),
        count => paint.doubtful(&format!(
            "{count} pages of it writable and executable at once"
        )),
    };
    match facts.shared_pages {
        0 => format!("{}, {wx}", facts.regions),
        shared => format!(
            "{}, {wx}, {shared} pages with different rights",
            facts.regions
        ),
    }
}

fn calls(facts: &Facts) -> String {
    match &facts.table {
        Found::Value(table) => {
            let now = match &table.in_progress {
                Some(service) => format!("{service} in progress"),
                None => "none in progress".into(),
            };
            format!("{} since firmware was started, {now}", table.calls)
        }
        Found::Forbidden => "unknown: only root may read the handover table".into(),
        Found::Missing => "unknown: there is no handover table".into(),
    }
}
