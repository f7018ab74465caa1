// SPDX-License-Identifier: GPL-2.0
//! The cost of page tables.

use std::collections::BTreeSet;

use efi_rtmap_guest::ptdump::{Level, Mapping};

/// How many pages of page tables these mappings take, the top level's own page aside: one for
/// each stretch of addresses that a table above a mapping covers.
pub fn pages(mappings: &[Mapping], five_level: bool) -> u64 {
    let mut tables = BTreeSet::new();
    for mapping in mappings {
        let leaf = match mapping.level {
            Level::Pte => 12,
            Level::Pmd => 21,
            Level::Pud => 30,
            Level::P4d => 39,
            Level::Pgd => 48,
        };
        let top = if five_level { 48 } else { 39 };
        for shift in [21, 30, 39, 48] {
            if shift > leaf && shift <= top {
                let last = (mapping.end - 1) >> shift;
                tables.extend((mapping.start >> shift..=last).map(|index| (shift, index)));
            }
        }
    }
    tables.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(start: u64, end: u64, level: Level) -> Mapping {
        Mapping {
            start,
            end,
            write: true,
            execute: false,
            cached: true,
            level,
        }
    }

    #[test]
    fn one_page_needs_a_table_of_each_level() {
        let page = [mapping(0, 0x1000, Level::Pte)];
        assert_eq!(pages(&page, false), 3);
        assert_eq!(pages(&page, true), 4);
    }

    #[test]
    fn tables_are_shared_by_neighbours() {
        let two = [
            mapping(0, 0x1000, Level::Pte),
            mapping(0x1f_f000, 0x20_0000, Level::Pte),
        ];
        assert_eq!(pages(&two, false), 3);
        let apart = [
            mapping(0, 0x1000, Level::Pte),
            mapping(0x20_0000, 0x20_1000, Level::Pte),
        ];
        assert_eq!(pages(&apart, false), 4);
    }

    #[test]
    fn large_pages_need_fewer() {
        let large = [mapping(0, 0x40_0000, Level::Pmd)];
        assert_eq!(pages(&large, false), 2);
    }
}
