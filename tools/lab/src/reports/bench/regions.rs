// SPDX-License-Identifier: GPL-2.0
//! The cost of many runtime regions of firmware: in the first kernel, which makes the map,
//! and in the next, which inherits it. Stock's way has the same firmware.

use anyhow::{anyhow, Context, Result};
use comfy_table::{presets, CellAlignment, Table};
use efi_rtmap_guest::plan::Loader;
use efi_rtmap_orders::{Fault, Service, What};

use super::{take_over_window, FLOOR, QUIET};
use crate::machine::report::Told;
use crate::machine::Lab;
use crate::reports::page_tables;
use crate::runner;
use crate::scenario::{Image, Scenario, Step, ROOM_FOR_STOCK_MIB};

/// How many more than firmware has anyway.
const COUNTS: [u16; 5] = [0, 4, 64, 256, 1024];
const TIME_LIMIT_S: u32 = 600;
const GENERATIONS: usize = 2;
const HEADER: [&str; 9] = [
    "more regions",
    "gen",
    "regions",
    "take-over",
    "of it per region",
    "against off",
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
        let ours = runner::run(lab, &scenario(count, "ours", ""))?;
        let off = runner::run(lab, &scenario(count, "off", "efi=rtmap:off"))?;
        let floor = runner::run(lab, &scenario(count, "floor", FLOOR))?;
        for generation in 0..GENERATIONS {
            let first = [count.to_string(), generation.to_string()];
            // Firmware too may have enough of them.
            let told = [&ours, &off, &floor].map(|run| run.report.0.get(&generation));
            let [Some(told), Some(off), Some(floor)] = told else {
                table.add_row(first.into_iter().chain(["did not report".into()]));
                continue;
            };
            let row = row(lab, told, off, floor);
            let row = row.with_context(|| ours.logs.display().to_string())?;
            table.add_row(first.into_iter().chain(row));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table)
}

fn scenario(count: u16, name: &str, options: &str) -> Scenario {
    let step = |loader| Step::new(Image::Rtmap, format!("{QUIET} {options}"), loader);
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
            format!("bench-regions-{count}-{name}"),
            "costs".into(),
            vec![step(None), step(Some(Loader::KexecLoad))],
        )
    }
}

fn row(lab: &Lab, ours: &Told, off: &Told, floor: &Told) -> Result<[String; 7]> {
    let facts = ours.facts.as_ref().context("no report")?;
    let failed = |error: &String| anyhow!("{error}");
    let handover = facts.handover.as_ref().map_err(failed)?;
    let mappings = facts.page_tables.as_ref().map_err(failed)?;
    let regions = facts.runtime_map.as_ref().map_err(failed)?.len() as u64;
    let window = |told: &Told| take_over_window(&told.log, lab.arch.rtmap.take_over);
    let floor = window(floor)?;
    let take_over = window(ours)?.saturating_sub(floor);
    let off = window(off)?.saturating_sub(floor);
    Ok([
        regions.to_string(),
        take_over.to_string(),
        (take_over / regions.max(1)).to_string(),
        format!("{:.2}", take_over as f64 / off as f64),
        handover.size.to_string(),
        handover.used.to_string(),
        page_tables::pages(mappings, facts.five_level).to_string(),
    ])
}
