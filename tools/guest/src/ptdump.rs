// SPDX-License-Identifier: GPL-2.0
//! /sys/kernel/debug/page_tables/efi of x86, as far as it is EFI's own.

use serde::{Deserialize, Serialize};

/// Stock and rtmap alike put fixed runtime addresses into -68 GiB .. -4 GiB.
const FIXED_START: u64 = 0xffff_ffef_0000_0000;
const FIXED_END: u64 = 0xffff_ffff_0000_0000;
const LOWER_HALF_END: u64 = 1 << 63;

/// Pages of one size with the same permissions, side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    pub start: u64,
    pub end: u64,
    pub write: bool,
    pub execute: bool,
    pub level: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Pte,
    Pmd,
    Pud,
    P4d,
    Pgd,
}

impl Mapping {
    pub fn write_and_execute(&self) -> bool {
        self.write && self.execute
    }

    pub fn bytes(&self) -> u64 {
        self.end - self.start
    }
}

/// The mappings below 2^63 (1:1) and in the window of fixed addresses. The rest of the dump is
/// the kernel's half, which the EFI page tables share. A line that is not understood is an error:
/// skipping it would count too few.
pub fn parse(dump: &str) -> Result<Vec<Mapping>, String> {
    let mut mappings = Vec::new();
    for line in dump.lines().filter(|line| line.starts_with("0x")) {
        let mapping = parse_line(line).ok_or_else(|| format!("page table dump: {line:?}"))?;
        mappings.extend(mapping.filter(of_efi));
    }
    Ok(mappings)
}

fn of_efi(mapping: &Mapping) -> bool {
    mapping.start < LOWER_HALF_END || (FIXED_START..FIXED_END).contains(&mapping.start)
}

/// Some(None): a hole.
fn parse_line(line: &str) -> Option<Option<Mapping>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let start = parse_address(start)?;
    let end = parse_address(end)?;
    let _size = words.next()?;
    let flags: Vec<&str> = words.collect();
    let (level, flags) = flags.split_last()?;
    let level = match *level {
        "pte" => Level::Pte,
        "pmd" => Level::Pmd,
        "pud" => Level::Pud,
        "p4d" => Level::P4d,
        "pgd" => Level::Pgd,
        _ => return None,
    };
    if flags.is_empty() {
        return Some(None);
    }
    let write = flags.contains(&"RW");
    let execute = flags.contains(&"x");
    if write == flags.contains(&"ro") || execute == flags.contains(&"NX") {
        return None;
    }
    Some(Some(Mapping {
        start,
        end,
        write,
        execute,
        level,
    }))
}

fn parse_address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
---[ User Space ]---
0x0000000000000000-0x0000000000001000           4K     RW                     NX pte
0x0000000000001000-0x0000000000200000        2044K                               pte
0x000000003e800000-0x000000003ea00000           2M     RW         PSE         x  pmd
---[ Kernel Space ]---
0xffff888000000000-0xffff888000200000           2M     RW         PSE     GLB x  pmd
---[ EFI Runtime Services ]---
0xfffffffefe600000-0xfffffffefe610000          64K     ro                     x  pte
---[ High Kernel Mapping ]---
0xffffffff81000000-0xffffffff81e00000          14M     RW         PSE     GLB x  pmd
";

    #[test]
    fn keeps_what_is_efis_own() {
        let mappings = parse(DUMP).unwrap();
        let starts: Vec<u64> = mappings.iter().map(|m| m.start).collect();
        assert_eq!(starts, [0, 0x3e80_0000, 0xffff_fffe_fe60_0000]);
    }

    #[test]
    fn sees_writable_and_executable() {
        let mappings = parse(DUMP).unwrap();
        let wx: Vec<bool> = mappings.iter().map(Mapping::write_and_execute).collect();
        assert_eq!(wx, [false, true, false]);
    }

    #[test]
    fn a_line_of_another_shape_is_an_error() {
        for line in [
            "0x0000000000000000-0x0000000000001000 4K RW pte",
            "0x0000000000000000-0x0000000000001000 4K RW x NX pte",
            "0x0000000000000000 4K RW x pte",
            "0x0000000000000000-0x0000000000001000 4K RW x page",
        ] {
            assert!(parse(line).unwrap_err().contains("4K"), "{line}");
        }
    }
}
