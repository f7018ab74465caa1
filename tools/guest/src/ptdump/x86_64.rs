// SPDX-License-Identifier: GPL-2.0
//! /sys/kernel/debug/page_tables/efi of x86, without the mappings that are not EFI's own.

use super::{Line, Mapping};

/// Both stock and rtmap put fixed runtime addresses into -68 GiB .. -4 GiB.
const FIXED_START: u64 = 0xffff_ffef_0000_0000;
const FIXED_END: u64 = 0xffff_ffff_0000_0000;
const LOWER_HALF_END: u64 = 1 << 63;
const UNCACHED: [&str; 2] = ["PWT", "PCD"];

/// Returns the mappings below 2^63 (1:1) and in the window of fixed addresses. The rest of the dump
/// is the kernel's half, which the EFI page tables share.
pub fn parse(dump: &str) -> Result<Vec<Mapping>, String> {
    let mut mappings = super::parse(dump, parse_line)?;
    mappings.retain(of_efi);
    Ok(mappings)
}

fn of_efi(mapping: &Mapping) -> bool {
    mapping.start < LOWER_HALF_END || (FIXED_START..FIXED_END).contains(&mapping.start)
}

fn parse_line(line: &str) -> Option<Option<Mapping>> {
    let line = Line::parse(line)?;
    let (level, flags) = line.words.split_last()?;
    if flags.is_empty() {
        return Some(None);
    }
    let cached = !UNCACHED.iter().any(|word| flags.contains(word));
    line.mapping(level, flags, cached).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
---[ User Space ]---
0x0000000000000000-0x0000000000001000           4K     RW                     NX pte
0x0000000000001000-0x0000000000200000        2044K                               pte
0x000000003e800000-0x000000003ea00000           2M     RW     PCD PSE         x  pmd
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
        let cached: Vec<bool> = mappings.iter().map(|m| m.cached).collect();
        assert_eq!(cached, [true, false, true]);
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
