// SPDX-License-Identifier: GPL-2.0
//! The longest latency of a real-time task while firmware is called on its processor, in a PREEMPT_RT
//! kernel.

use anyhow::{Context, Result};
use comfy_table::{presets, CellAlignment, Table};
use efi_rtmap_guest::plan::Action;
use efi_rtmap_orders::{Fault, Service, What};

use super::QUIET;
use crate::machine::Lab;
use crate::runner;
use crate::scenario::{Image, Scenario, Step};

/// Stock's way, ours with the privilege of the kernel, and user mode.
const WAYS: [(&str, &str); 3] = [
    ("off", "efi=runtime,rtmap:off"),
    ("kernel", "efi=runtime,rtmap:kernel"),
    ("user", "efi=rtmap:user"),
];
/// Firmware's work: what is called while the latency is measured.
const WORK: [(&str, Option<Service>); 4] = [
    ("nothing is called", None),
    ("GetVariable", Some(Service::GetVariable)),
    ("firmware computes for 2 s", Some(Service::GetTime)),
    ("firmware faults", Some(Service::GetWakeupTime)),
];
const COMPUTES_S: u16 = 2;

pub fn table(lab: &Lab) -> Result<Table> {
    let mut table = Table::new();
    let header = ["longest latency, us"].into_iter();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(header.chain(WAYS.map(|(way, _)| way)));
    let columns = WAYS
        .map(|(way, options)| column(lab, way, options))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    for (row, (work, _)) in WORK.iter().enumerate() {
        let cells = columns.iter().map(|column| column[row].clone());
        table.add_row([work.to_string()].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table)
}

fn column(lab: &Lab, way: &str, options: &str) -> Result<Vec<String>> {
    let run = runner::run(lab, &scenario(way, options))?;
    let told = run.report.0.get(&0);
    let told = told.with_context(|| run.logs.display().to_string())?;
    let column = told.actions.iter().map(|(_, outcome)| match outcome {
        Ok(text) => text
            .trim_start_matches("latency: ")
            .trim_end_matches(" us")
            .into(),
        Err(error) => error.clone(),
    });
    Ok(column.collect())
}

fn scenario(way: &str, options: &str) -> Scenario {
    let fault = |what, service, count| Fault {
        what,
        service,
        generation: 0,
        call: 0,
        count,
    };
    let then = WORK.map(|(_, calls)| Action::Latency {
        calls,
        most_us: None,
    });
    let kernel = vec![Step {
        then: then.into(),
        ..Step::new(Image::RtmapRt, format!("{QUIET} {options}"), None)
    }];
    Scenario {
        time_limit_s: 900,
        fault: vec![
            fault(What::Slow, Service::GetTime, COMPUTES_S),
            fault(What::PageFault, Service::GetWakeupTime, 0),
        ],
        ..Scenario::new(format!("bench-latency-{way}"), "latency".into(), kernel)
    }
}
