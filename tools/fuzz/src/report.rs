// SPDX-License-Identifier: GPL-2.0
//! The report: one line for each target.

use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{presets, CellAlignment, Table};

use crate::run::Outcome;

/// Shows the outcomes, and returns success if all runs were good.
pub fn show(outcomes: Vec<(&str, Result<Outcome>)>) -> Result<ExitCode> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "target", "inputs", "coverage", "features", "corpus", "result",
    ]);
    let mut failures = Vec::new();
    for (name, outcome) in outcomes {
        let outcome = outcome?;
        let stats = &outcome.stats;
        let numbers = [
            stats.executions,
            stats.coverage,
            stats.features,
            stats.corpus,
        ];
        let numbers = numbers.map(|number| number.to_string());
        let result = if outcome.success { "passed" } else { "FAILED" };
        let [inputs, coverage, features, corpus] = numbers;
        table.add_row([name, &inputs, &coverage, &features, &corpus, result]);
        if !outcome.success {
            failures.push((name, outcome));
        }
    }
    for column in table.column_iter_mut().skip(1).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    for (name, outcome) in &failures {
        println!(
            "\n{name}: the reason is at the end of {}",
            outcome.log.display()
        );
        if let Some((program, input)) = &outcome.crash {
            println!("again:  {} {}", program.display(), input.display());
        }
    }
    Ok(ExitCode::from(u8::from(!failures.is_empty())))
}
