// SPDX-License-Identifier: GPL-2.0
//! The cost of many runtime regions of firmware: in the first kernel, which makes the map,
//! and in the next, which inherits it.

use anyhow::{anyhow, Context, Result};
use comfy_table::{presets, CellAlignment, Table};
use efi_rtmap_guest::plan::Loader;
use efi_rtmap_orders::{Fault, Service, What};

use super::{take_over_window, QUIET};
use crate::machine::report::Told;
use crate::machine::Lab;
use crate::reports::page_tables;
use crate::runner;
use crate::scenario::{Image, Scenario, Step, ROOM_FOR_STOCK_MIB};

/// How many more than firmware has anyway.
const COUNTS: [u16; 5] = [0, 4, 64, 256, 1024];
const TIME_LIMIT_S: u32 = 600;
/// In the line with which our code says what it has done.
const DONE: &str = ", SVAM ";
const HEADER: [&str; 8] = [
    "more regions",
    "gen",
    "regions",
    "take-over",
    "of it per region",
    "handover table, bytes",
    "in use",
    "page-table pages",
];

pub fn table(lab: &Lab) -> Result<Table> {
    let bar = runner::progress_bar(COUNTS.len());
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(HEADER);
    for count in COUNTS {
        let run = runner::run(lab, &scenario(count))?;
        for generation in 0..2 {
            let first = [count.to_string(), generation.to_string()];
            // Firmware too may have enough of them.
            let Some(told) = run.report.0.get(&generation) else {
                table.add_row(first.into_iter().chain(["did not report".into()]));
                continue;
            };
            let row = row(lab, told);
            let row = row.with_context(|| run.logs.display().to_string())?;
            table.add_row(
                first
                    .into_iter()
                    .chain(row.map(|number| number.to_string())),
            );
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table)
}

fn scenario(count: u16) -> Scenario {
    let step = |loader| Step::new(Image::Rtmap, QUIET.into(), loader);
    let many = (count > 0).then(|| Fault {
        what: What::ManyRegions,
        service: Service::default(),
        generation: 0,
        call: 0,
        count,
    });
    Scenario {
        memory_mib: Some(ROOM_FOR_STOCK_MIB),
        time_limit_s: TIME_LIMIT_S,
        hostile: true,
        fault: many.into_iter().collect(),
        ..Scenario::new(
            format!("bench-regions-{count}"),
            "costs".into(),
            vec![step(None), step(Some(Loader::KexecLoad))],
        )
    }
}

fn row(lab: &Lab, told: &Told) -> Result<[u64; 6]> {
    let facts = told.facts.as_ref().context("no report")?;
    let failed = |error: &String| anyhow!("{error}");
    let handover = facts.handover.as_ref().map_err(failed)?;
    let mappings = facts.page_tables.as_ref().map_err(failed)?;
    let regions = facts.runtime_map.as_ref().map_err(failed)?.len() as u64;
    let [before, _] = lab.arch.rtmap.take_over;
    let take_over = take_over_window(&told.log, [before, DONE])?;
    Ok([
        regions,
        take_over,
        take_over / regions.max(1),
        handover.size.into(),
        handover.used.into(),
        page_tables::pages(mappings, facts.five_level),
    ])
}
