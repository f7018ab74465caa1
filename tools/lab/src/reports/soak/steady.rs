// SPDX-License-Identifier: GPL-2.0
//! Numbers that must not change from one kernel of the chain to the next.

use std::collections::BTreeMap;

use comfy_table::{presets, CellAlignment, Table};
use efi_rtmap_guest::report::Facts;

use crate::judge::Finding;
use crate::reports::page_tables;
use crate::scenario::Step;

/// A kernel sets memory aside early by the length of its command line, which may fill one more page.
const PAGE_KIB: u64 = 4;

/// All kernels of ours have the same map and the same table, whoever started them.
const OURS: &str = "with efi-rtmap";

/// By number, and by kernels that must agree upon it.
#[derive(Default)]
pub struct Steady(BTreeMap<(&'static str, String), Seen>);

struct Seen {
    /// The first generation that told it.
    generation: usize,
    value: u64,
    /// How many agreed.
    count: usize,
}

struct Number {
    what: &'static str,
    whose: String,
    value: u64,
    /// How far it may be from the first kernel's.
    slack: u64,
}

impl Steady {
    /// Compares the numbers of a generation with those of the ones before.
    pub fn compare(&mut self, k: usize, step: &Step, facts: &Facts) -> Vec<Finding> {
        let mut findings = Vec::new();
        for Number {
            what,
            whose,
            value,
            slack,
        } in numbers(step, facts)
        {
            let first = Seen {
                generation: k,
                value,
                count: 0,
            };
            let seen = self.0.entry((what, whose)).or_insert(first);
            if seen.value.abs_diff(value) <= slack {
                seen.count += 1;
            } else {
                findings.push(Finding {
                    generation: Some(k),
                    expected: format!(
                        "{what} {}, as in generation {}",
                        seen.value, seen.generation
                    ),
                    seen: value.to_string(),
                });
            }
        }
        findings
    }

    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY).set_header([
            "the same in",
            "all kernels",
            "how many",
            "value",
        ]);
        for ((what, whose), seen) in &self.0 {
            table.add_row([
                *what,
                whose,
                &seen.count.to_string(),
                &seen.value.to_string(),
            ]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// The judge has found the values that could not be read.
fn numbers(step: &Step, facts: &Facts) -> Vec<Number> {
    let mut numbers = vec![Number {
        what: "memory, KiB",
        whose: loaded(step),
        // Memory that is reserved for initrds of earlier kernels does not come back.
        value: facts.memory_kib + facts.reserved_kib,
        slack: PAGE_KIB,
    }];
    if !step.rtmap_on() {
        return numbers;
    }
    let mut ours = |what, value| {
        numbers.push(Number {
            what,
            whose: OURS.to_string(),
            value,
            slack: 0,
        })
    };
    if let Ok(table) = &facts.handover {
        ours("handover table, bytes", table.size.into());
        ours("handover table, bytes in use", table.used.into());
    }
    if let Ok(mappings) = &facts.page_tables {
        let pages = page_tables::pages(mappings, facts.five_level);
        ours("pages of EFI page tables", pages);
    }
    numbers
}

/// Kernels of one size that were loaded in one way have the same memory.
fn loaded(step: &Step) -> String {
    format!("{}, {}", step.image, step.started_by())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch;
    use crate::judge::tests::good;
    use crate::reports::soak::chain;
    use crate::scenario::Scenario;
    use crate::words::Requested;

    fn scenario() -> Scenario {
        chain::scenario(arch::named("x86_64").unwrap(), 14, Requested::Auto)
    }

    /// The findings of generation `k` after `spoil`, when generation 1 was good.
    fn after_good(k: usize, spoil: impl FnOnce(&mut Facts)) -> Vec<String> {
        let (scenario, report) = (scenario(), good());
        let mut facts = report.facts(1).unwrap().clone();
        let mut steady = Steady::default();
        let first = steady.compare(1, &scenario.kernel[1], &facts);
        assert!(first.is_empty(), "{first:?}");
        spoil(&mut facts);
        let findings = steady.compare(k, &scenario.kernel[k], &facts);
        findings.iter().map(Finding::to_string).collect()
    }

    fn red(k: usize, spoil: impl FnOnce(&mut Facts), expected: &str) {
        let findings = after_good(k, spoil);
        assert_eq!(findings.len(), 1, "{findings:?}");
        let start = format!("generation {k}: expected {expected}, as in generation 1, seen ");
        assert!(findings[0].starts_with(&start), "{findings:?}");
    }

    fn less_memory(facts: &mut Facts) {
        facts.memory_kib -= 8;
    }

    fn larger_table(facts: &mut Facts) {
        facts.handover.as_mut().unwrap().size += 0x1000;
    }

    #[test]
    fn a_number_that_changes_is_found() {
        red(2, less_memory, "memory, KiB 1000000");
        red(2, larger_table, "handover table, bytes 4096");
        let fuller = |facts: &mut Facts| facts.handover.as_mut().unwrap().used += 40;
        red(2, fuller, "handover table, bytes in use 136");
        let more = |facts: &mut Facts| {
            let mappings = facts.page_tables.as_mut().unwrap();
            let mut far = mappings[0].clone();
            (far.start, far.end) = (1 << 40, (1 << 40) + 0x1000);
            mappings.push(far);
        };
        red(2, more, "pages of EFI page tables 4");
        assert_eq!(after_good(2, |_| {}), [""; 0]);
    }

    #[test]
    fn memory_is_that_of_kernels_that_were_loaded_alike() {
        let (other_loader, same_loader) = (7, 13);
        assert_eq!(after_good(other_loader, less_memory), [""; 0]);
        red(same_loader, less_memory, "memory, KiB 1000000");
        red(other_loader, larger_table, "handover table, bytes 4096");
    }

    #[test]
    fn a_longer_command_line_may_cost_a_page() {
        assert_eq!(after_good(2, |facts| facts.memory_kib -= 4), [""; 0]);
    }

    #[test]
    fn what_the_device_tree_reserves_is_not_lost_by_us() {
        let reserved = |facts: &mut Facts| {
            facts.memory_kib -= 2916;
            facts.reserved_kib += 2916;
        };
        assert_eq!(after_good(2, reserved), [""; 0]);
    }

    #[test]
    fn stock_has_no_table_of_ours() {
        let (stock, off) = (5, 4);
        for k in [stock, off] {
            assert_eq!(after_good(k, larger_table), [""; 0]);
        }
    }

    #[test]
    fn the_table_counts_who_agreed() {
        let (scenario, report) = (scenario(), good());
        let mut steady = Steady::default();
        for k in [1, 2] {
            let step = &scenario.kernel[k];
            steady.compare(k, step, report.facts(1).unwrap());
        }
        let rows = steady.table().to_string();
        let row = rows.lines().find(|row| row.contains("bytes in use"));
        let cells: Vec<&str> = row.unwrap().split_ascii_whitespace().rev().collect();
        assert_eq!(cells[1..3], ["136", "2"]);
    }
}
