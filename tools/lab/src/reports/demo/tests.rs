// SPDX-License-Identifier: GPL-2.0
//! The README shows what the command prints: it is read back, and shown again.

use efi_rtmap_guest::report::{Clock, Variables};

use super::*;
use crate::arch;
use crate::judge::tests::{good_facts, mapping};
use crate::machine::report::Told;
use crate::scenario::file::parse;

const README: &str = include_str!("../../../../../README.md");
const SCENARIO: &str = include_str!("../../../../scenarios/demo.toml");
const INDENT: &str = "    ";

/// The README's output of the command.
fn blocks() -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in README.lines() {
        if line.starts_with("    ┌") {
            blocks.push(String::new());
            inside = true;
        }
        inside &= line.is_empty() || line.starts_with(INDENT);
        if inside {
            let block = blocks.last_mut().unwrap();
            *block += line.strip_prefix(INDENT).unwrap_or_default();
            *block += "\n";
        }
    }
    for block in &mut blocks {
        block.truncate(block.trim_end().len());
    }
    blocks
}

/// The report that makes the command show `block`.
fn told(block: &str) -> Report {
    let rows = block.lines().filter(|line| line.starts_with("│ "));
    let told = rows.skip(1).enumerate().map(|(k, row)| {
        let cells = row.trim_matches(['│', ' ']).split("  ");
        let cells: Vec<_> = cells.map(str::trim).filter(|c| !c.is_empty()).collect();
        let [_, release, _, kind, origin, svam, privilege, variables, clock, wx, cost] = cells[..]
        else {
            panic!("{row}: {cells:?}");
        };
        let files = [
            ("kind", kind),
            ("origin", origin),
            ("svam", svam),
            ("privilege", privilege),
        ];
        let read = variables.split_once(" read, 1 written").unwrap().0;
        let facts = Facts {
            release: release.into(),
            rtmap: Some(
                files
                    .map(|(file, value)| (file.into(), value.into()))
                    .into(),
            ),
            variables: Ok(Variables {
                listed_before: Vec::new(),
                listed: Vec::new(),
                held: vec![Ok(String::new()); read.parse().unwrap()],
                written: Ok(()),
            }),
            clock: Ok(Clock {
                epoch: seconds(clock),
                nanoseconds: 1000 * cost.strip_suffix(" us").unwrap().parse::<u64>().unwrap(),
            }),
            page_tables: Ok(vec![mapping(true, true); wx.parse().unwrap()]),
            ..good_facts(k)
        };
        let line = block
            .lines()
            .find_map(|line| line.strip_prefix(&format!("  {k}  ")));
        let log = [
            "efi: EFI v2.7 by EDK II",
            "efi: rtmap: calling SVAM with 1:1 addresses; if nothing follows, firmware hangs in it",
            line.unwrap_or(""),
            "efi: rtmap: handover table: not written",
        ];
        let told = Told {
            facts: Some(facts),
            log: log.map(String::from).to_vec(),
            ..Told::default()
        };
        (k, told)
    });
    Report(told.collect())
}

fn seconds(clock: &str) -> i64 {
    let units = clock.split(':').map(|unit| unit.parse::<i64>().unwrap());
    units.fold(0, |seconds, unit| seconds * 60 + unit)
}

#[test]
fn the_readme_shows_what_is_printed() {
    let blocks = blocks();
    assert_eq!(blocks.len(), 2);
    for (block, arch) in blocks.iter().zip(arch::ALL) {
        let scenario = parse("demo", SCENARIO, arch).unwrap().remove(0);
        let shown = shown(&scenario, &told(block)).unwrap();
        let printed = format!("{shown}\n{NOTES}");
        // Of one architecture all of it, of the other the table.
        let lines = block.lines().count();
        let expected: Vec<_> = printed.lines().take(lines).collect();
        assert_eq!(block.lines().collect::<Vec<_>>(), expected);
    }
    assert!(blocks[0].ends_with(NOTES.trim_end()));
}
