// SPDX-License-Identifier: GPL-2.0

//! The simple tables of our pages are what docutils accepts.

mod tree;

use std::fs;

use tree::{files, top};

/// Tells if `line` is a border of a simple table. A single run of `=` underlines a title.
fn is_border(line: &str) -> bool {
    line.contains("= ") && line.chars().all(|c| "= ".contains(c))
}

/// The flaws of the tables in `page`, as line and reason.
fn flaws(page: &str) -> Vec<(usize, &'static str)> {
    let mut flaws = Vec::new();
    // The border at the start of the table, and the number of borders up to here.
    let mut table: Option<(&str, usize)> = None;
    for (number, line) in (1..).zip(page.lines()) {
        table = match table {
            None => is_border(line).then_some((line, 1)),
            Some((border, count)) if is_border(line) => {
                if line != border {
                    flaws.push((number, "another border"));
                }
                (count < 2).then_some((border, count + 1))
            }
            Some(_) if line.is_empty() => {
                flaws.push((number, "the table does not end"));
                None
            }
            Some((border, count)) => {
                let gaps = border.char_indices().filter(|(_, c)| *c == ' ');
                if gaps.map(|(at, _)| line.chars().nth(at)).any(is_text) {
                    flaws.push((number, "text between two columns"));
                }
                Some((border, count))
            }
        };
    }
    flaws
}

fn is_text(character: Option<char>) -> bool {
    character.is_some_and(|c| c != ' ')
}

#[test]
fn tables_are_whole() {
    let mut tables = 0;
    for folder in ["Documentation", "docs"] {
        for path in files(&top().join(folder)) {
            if path.extension() != Some("rst".as_ref()) {
                continue;
            }
            let page = fs::read_to_string(&path).unwrap();
            tables += page.lines().filter(|line| is_border(line)).count() / 3;
            assert_eq!(flaws(&page), [], "{}", path.display());
        }
    }
    assert!(tables > 5, "{tables}");
}

#[test]
fn a_flaw_is_found() {
    let whole = "===  ==\na    b\n===  ==\nlong c\n===  ==\n";
    assert_eq!(flaws(&whole.replace("long c", "row  c")), []);
    assert_eq!(flaws(whole), [(4, "text between two columns")]);
    let other = "====  ==\na    b\n===  ==\nrow  c\n===  ==\n";
    assert!(flaws(other).contains(&(3, "another border")));
    assert_eq!(
        flaws("===  ==\na    b\n\n"),
        [(3, "the table does not end")]
    );
}
