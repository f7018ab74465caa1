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
/// The name of a row, and the service that is called again and again.
type Work = (&'static str, Option<Service>);

/// The work while the latency is measured: a service that is called again and again. One boot has the
/// first rows, and another the last, because only one misbehaviour is possible in each.
const BOOTS: [(What, &[Work]); 2] = [
    (
        What::Slow,
        &[
            ("nothing is called", None),
            ("GetVariable", Some(Service::GetVariable)),
            ("firmware computes for 2 s", Some(MISBEHAVES)),
        ],
    ),
    (What::PageFault, &[("firmware faults", Some(MISBEHAVES))]),
];
/// The guest's own tests do not call it.
const MISBEHAVES: Service = Service::GetWakeupTime;
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
    let rows = BOOTS.iter().flat_map(|(_, rows)| rows.iter());
    for (row, (work, _)) in rows.enumerate() {
        let cells = columns.iter().map(|column| column[row].clone());
        table.add_row([work.to_string()].into_iter().chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table)
}

fn column(lab: &Lab, way: &str, options: &str) -> Result<Vec<String>> {
    let mut column = Vec::new();
    for boot in 0..BOOTS.len() {
        let run = runner::run(lab, &scenario(way, options, boot))?;
        let told = run.report.0.get(&0);
        let told = told.with_context(|| run.logs.display().to_string())?;
        let cells = told.actions.iter().map(|(_, outcome)| match outcome {
            Ok(text) => text
                .trim_start_matches("latency: ")
                .trim_end_matches(" us")
                .into(),
            Err(error) => error.clone(),
        });
        column.extend(cells);
        // A kernel that died has no more to say.
        column.resize(column.len().max(rows_until(boot)), "-".into());
    }
    Ok(column)
}

/// The number of rows up to this boot and with it.
fn rows_until(boot: usize) -> usize {
    BOOTS[..=boot].iter().map(|(_, rows)| rows.len()).sum()
}

fn scenario(way: &str, options: &str, boot: usize) -> Scenario {
    let (what, rows) = BOOTS[boot];
    let then = rows.iter().map(|(_, calls)| Action::Latency {
        calls: *calls,
        most_us: None,
    });
    let kernel = vec![Step {
        then: then.collect(),
        ..Step::new(Image::RtmapRt, format!("{QUIET} {options}"), None)
    }];
    Scenario {
        time_limit_s: 900,
        fault: vec![Fault {
            what,
            service: MISBEHAVES,
            generation: 0,
            call: 0,
            count: COMPUTES_S,
        }],
        ..Scenario::new(
            format!("bench-latency-{way}-{boot}"),
            "latency".into(),
            kernel,
        )
    }
}
