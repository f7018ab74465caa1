// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl status --json`: the facts in a form that stays. The fields are documented in
//! Documentation/admin-guide/efi-rtmap/rtmapctl.rst, and `schema/status.json` describes them.

use anyhow::Result;
use serde::Serialize;

use crate::facts::{Facts, Off};
use crate::machine::Absent;

/// It grows if a field changes its meaning or goes away. A new field is no reason.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Status<'a> {
    version: u32,
    present: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent_because: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    map: Option<Map<'a>>,
}

#[derive(Serialize)]
struct Map<'a> {
    kind: &'a str,
    origin: &'a str,
    generation: Option<u32>,
    reason: &'a str,
    requested: &'a str,
    svam: Svam<'a>,
    privilege: &'a str,
    privileges: Option<&'a [String]>,
    services_on: &'a [&'static str],
    services_off: Vec<Off>,
    faulted: bool,
    regions: u64,
    wx_pages: u64,
    shared_pages: u64,
    calls: Option<Calls<'a>>,
}

#[derive(Serialize)]
struct Svam<'a> {
    state: &'a str,
    generation: Option<u32>,
}

#[derive(Serialize)]
struct Calls<'a> {
    count: u32,
    in_progress: Option<&'a str>,
}

pub fn present(facts: &Facts) -> Result<String> {
    let table = facts.table.value();
    let map = Map {
        kind: facts.kind,
        origin: facts.origin,
        generation: facts.generation,
        reason: &facts.reason,
        requested: facts.requested,
        svam: Svam {
            state: facts.svam,
            generation: facts.svam_generation(),
        },
        privilege: facts.privilege,
        privileges: facts.privileges.as_deref(),
        services_on: &facts.on,
        services_off: facts.off(),
        faulted: facts.faulted,
        regions: facts.regions,
        wx_pages: facts.wx_pages,
        shared_pages: facts.shared_pages,
        calls: table.map(|table| Calls {
            count: table.calls,
            in_progress: table.in_progress.as_deref(),
        }),
    };
    line(&Status {
        version: VERSION,
        present: true,
        absent_because: None,
        map: Some(map),
    })
}

pub fn absent(reason: Absent) -> Result<String> {
    line(&Status {
        version: VERSION,
        present: false,
        absent_because: Some(reason.to_string()),
        map: None,
    })
}

fn line(status: &Status) -> Result<String> {
    Ok(serde_json::to_string_pretty(status)? + "\n")
}
