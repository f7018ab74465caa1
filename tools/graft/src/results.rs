// SPDX-License-Identifier: GPL-2.0

//! The claims of the cover letter, counted on the page that compares stock and ours on firmware that
//! misbehaves. `lab` writes the page.

use std::fmt::{Display, Write};

use anyhow::{ensure, Result};

/// The page, in the repository.
pub const PAGE: &str = "docs/results/comparison.rst";

/// A kernel is lost: words of the page.
const LOST: &[&str] = &["oops", "panic", "hangs", "stops", "does not boot"];
/// Memory is writable and executable at once.
const WRITABLE_CODE: &[&str] = &["W+X ranges"];

/// One architecture: the cells of each row.
struct Table<'a> {
    heading: &'a str,
    rows: Vec<Vec<&'a str>>,
}

pub fn count(page: &str) -> Result<String> {
    let tables = tables(page);
    ensure!(
        !tables.is_empty(),
        "no table with rows of four cells is there"
    );
    let mut text = line("", "stock", "this series");
    for Table { heading, rows } in tables {
        let count =
            |column: usize, words| rows.iter().filter(|row| says(row[column], words)).count();
        writeln!(text, "{heading}, {} chains of kernels", rows.len())?;
        for (what, words) in [
            ("a kernel dies or hangs", LOST),
            ("memory is writable and executable", WRITABLE_CODE),
        ] {
            text += &line(what, count(1, words), count(2, words));
        }
    }
    Ok(text)
}

fn line(what: &str, stock: impl Display, ours: impl Display) -> String {
    format!("  {what:<36}{stock:>5}{ours:>13}\n")
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
        table.rows.retain(|row| row.len() == 4);
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
        \x20  * - misbehaviour\n     - stock\n     - with efi-rtmap\n     - what is needed\n\
        \x20  * - one\n     - kernel 0: works; kernel 1: oops, panic\n     - works\n     - nothing\n\
        \x20  * - two\n     - works, W+X ranges: 4\n     - hangs\n     - nothing\n\
        \x20  * - three\n     - waits for firmware that hangs\n     - works\n     - nothing\n";

    #[test]
    fn counts_rows() {
        assert_eq!(
            count(PAGE).unwrap(),
            "                                      stock  this series\n\
             x86_64, 3 chains of kernels\n\
             \x20 a kernel dies or hangs                  1            1\n\
             \x20 memory is writable and executable       1            0\n"
        );
    }

    #[test]
    fn a_page_without_a_table_is_refused() {
        assert!(count("Page\n====\n\n   * - a\n     - b\n").is_err());
    }
}
