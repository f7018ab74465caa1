// SPDX-License-Identifier: GPL-2.0
//! Parts of pages in reStructuredText.

/// A row of a `list-table`.
pub fn row<const COLUMNS: usize>(cells: [&str; COLUMNS]) -> String {
    let mut told = String::new();
    for (k, cell) in cells.iter().enumerate() {
        let mark = if k == 0 { "   * - " } else { "     - " };
        told += format!("{mark}{cell}").trim_end();
        told.push('\n');
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_leaves_no_blank_at_the_end() {
        assert_eq!(row(["a", "", "c"]), "   * - a\n     -\n     - c\n");
    }
}
