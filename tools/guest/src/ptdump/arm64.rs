// SPDX-License-Identifier: GPL-2.0
//! /sys/kernel/debug/efi_page_tables of arm64. All mappings in it are EFI's own: the kernel's half
//! of the address space has other page tables.

use super::{Line, Mapping};

/// The entry is not valid.
const INVALID: &str = "F";
const CACHED: [&str; 2] = ["MEM/NORMAL", "MEM/NORMAL-TAGGED"];
const UNCACHED: [&str; 3] = ["DEVICE/nGnRnE", "DEVICE/nGnRE", "MEM/NORMAL-NC"];

pub fn parse(dump: &str) -> Result<Vec<Mapping>, String> {
    super::parse(dump, parse_line)
}

fn parse_line(line: &str) -> Option<Option<Mapping>> {
    let line = Line::parse(line)?;
    let (level, flags) = line.words.split_first()?;
    if flags.is_empty() || flags.contains(&INVALID) {
        return Some(None);
    }
    let has = |words: &[&str]| words.iter().any(|word| flags.contains(word));
    let cached = has(&CACHED);
    if cached == has(&UNCACHED) {
        return None;
    }
    line.mapping(level, flags, cached).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptdump::Level;

    const DUMP: &str = "\
---[ UEFI runtime start ]---
0x0000000000000000-0x0000000004000000          64M PMD
0x0000000004000000-0x0000000008000000          64M PTE       RW NX SHD AF NG         UXN    DEVICE/nGnRE
0x000000007c450000-0x000000007c460000          64K PTE       ro x  SHD AF NG     UXN    MEM/NORMAL
0x000000007c460000-0x000000007c490000         192K PTE       RW x  SHD AF NG     UXN    MEM/NORMAL
0x000000007c490000-0x000000007c4a0000          64K PTE F     RW x  SHD AF NG     UXN    MEM/NORMAL
0x0000008000000000-0x0001000000000000      255.5T PGD
";

    #[test]
    fn holes_are_left_out() {
        let mappings = parse(DUMP).unwrap();
        let starts: Vec<u64> = mappings.iter().map(|m| m.start).collect();
        assert_eq!(starts, [0x400_0000, 0x7c45_0000, 0x7c46_0000]);
        assert_eq!(mappings[0].level, Level::Pte);
        let cached: Vec<bool> = mappings.iter().map(|m| m.cached).collect();
        assert_eq!(cached, [false, true, true]);
    }

    #[test]
    fn sees_writable_and_executable() {
        let mappings = parse(DUMP).unwrap();
        let wx: Vec<bool> = mappings.iter().map(Mapping::write_and_execute).collect();
        assert_eq!(wx, [false, false, true]);
    }

    #[test]
    fn a_line_of_another_shape_is_an_error() {
        for line in [
            "0x0000000000000000-0x0000000000001000 4K PTE RW MEM/NORMAL",
            "0x0000000000000000-0x0000000000001000 4K PTE RW x MEM/UNHEARD-OF",
            "0x0000000000000000-0x0000000000001000 4K PTE RW x NX MEM/NORMAL",
            "0x0000000000000000 4K PTE RW x",
            "0x0000000000000000-0x0000000000001000 4K PAGE RW x",
        ] {
            assert!(parse(line).unwrap_err().contains("4K"), "{line}");
        }
    }
}
