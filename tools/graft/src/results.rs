// SPDX-License-Identifier: GPL-2.0

//! The claims of the cover letter, counted on the page that compares stock and ours on firmware that
//! misbehaves. `lab` writes the page.

use std::fmt::{Display, Write};

use anyhow::{ensure, Result};

/// The page, in the repository.
pub const PAGE: &str = "docs/results/comparison.rst";

/// The misbehaviour, what became of it with stock, with ours and with ours in user mode, and what that
/// takes.
const COLUMNS: usize = 5;

/// A kernel is lost: words of the page.
const LOST: &[&str] = &["oops", "panic", "hangs", "stops", "does not boot"];
/// Memory is writable and executable at once.
const WRITABLE_CODE: &[&str] = &["W+X ranges"];

/// The cell of a chain that has not run in this way.
const NOT_MEASURED: &str = "not measured";

/// One architecture: the cells of each row.
struct Table<'a> {
    heading: &'a str,
    rows: Vec<Vec<&'a str>>,
}

pub fn count(page: &str) -> Result<String> {
    let tables = tables(page);
    ensure!(
        !tables.is_empty(),
        "no table with rows of {COLUMNS} cells is there"
    );
    let mut text = line("", ["stock", "this series", "in user mode"]);
    for Table { heading, rows } in tables {
        let count =
            |column: usize, words| rows.iter().filter(|row| says(row[column], words)).count();
        writeln!(text, "{heading}")?;
        let measured = |column: usize| {
            rows.iter()
                .filter(|row| row[column] != NOT_MEASURED)
                .count()
        };
        text += &line("chains of kernels", [1, 2, 3].map(measured));
        for (what, words) in [
            ("a kernel dies or hangs", LOST),
            ("memory is writable and executable", WRITABLE_CODE),
        ] {
            text += &line(what, [1, 2, 3].map(|column| count(column, words)));
        }
    }
    Ok(text)
}

fn line(what: &str, [stock, ours, user]: [impl Display; 3]) -> String {
    format!("  {what:<36}{stock:>5}{ours:>13}{user:>14}\n")
}

fn tables(page: &str) -> Vec<Table<'_>> {
    let mut tables = Vec::<Table>::new();
    let mut previous = "";
    for line in page.lines() {
        if !line.is_empty() && line.bytes().all(|byte| byte == b'=') {
            let rows = Vec::new();
            tables.push(Table {
                heading: previous,
                rows,
            });
        }
        if let Some(table) = tables.last_mut() {
            if let Some(cell) = line.strip_prefix("   * - ") {
                table.rows.push(vec![cell]);
            } else if let Some((cell, row)) =
                line.strip_prefix("     - ").zip(table.rows.last_mut())
            {
                row.push(cell);
            }
        }
        previous = line;
    }
    for table in &mut tables {
        table.rows.retain(|row| row.len() == COLUMNS);
        if !table.rows.is_empty() {
            // The names of the columns.
            table.rows.remove(0);
        }
    }
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// A cell holds words about one kernel after the other: `kernel 0: works; kernel 1: oops, panic`.
fn says(cell: &str, words: &[&str]) -> bool {
    let phrases = cell.split([';', ',', ':']).map(str::trim);
    phrases.into_iter().any(|phrase| words.contains(&phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "====\nPage\n====\n\n   * - a list\n\nx86_64\n======\n\n\
        .. list-table::\n\n\
        \x20  * - misbehaviour\n     - stock\n     - ours\n     - in user mode\n     - what is needed\n\
        \x20  * - one\n     - kernel 0: works; kernel 1: oops, panic\n     - works\n     - works\n     - nothing\n\
        \x20  * - two\n     - works, W+X ranges: 4\n     - hangs\n     - works\n     - nothing\n\
        \x20  * - three\n     - waits for firmware that hangs\n     - works\n     - stops\n     - nothing\n\
        \x20  * - four\n     - works\n     - works\n     - not measured\n     - nothing\n";

    #[test]
    fn counts_rows() {
        assert_eq!(
            count(PAGE).unwrap(),
            "                                      stock  this series  in user mode\n\
             x86_64\n\
             \x20 chains of kernels                       4            4             3\n\
             \x20 a kernel dies or hangs                  1            1             1\n\
             \x20 memory is writable and executable       1            0             0\n"
        );
    }

    #[test]
    fn a_page_without_a_table_is_refused() {
        assert!(count("Page\n====\n\n   * - a\n     - b\n").is_err());
    }
}
