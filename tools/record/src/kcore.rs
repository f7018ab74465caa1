// SPDX-License-Identifier: GPL-2.0
//! /proc/kcore: the kernel's memory as an ELF file. The program headers give the place of physical
//! memory in the file.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};
use goblin::elf64::header::Header;
use goblin::elf64::program_header::{ProgramHeader, PT_LOAD};

const PATH: &str = "/proc/kcore";
/// The address of a segment without physical memory.
const NOWHERE: u64 = u64::MAX;

pub struct Kcore {
    file: File,
    segments: Vec<ProgramHeader>,
}

impl Kcore {
    pub fn open() -> Result<Self> {
        let mut file = File::open(PATH).context(PATH)?;
        let header = Header::from_fd(&mut file).context(PATH)?;
        let count = header.e_phnum.into();
        let segments = ProgramHeader::from_fd(&mut file, header.e_phoff, count).context(PATH)?;
        Ok(Self { file, segments })
    }

    pub fn read(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        let offset = offset_of(&self.segments, address, length as u64)
            .with_context(|| format!("{PATH} has no {length} bytes at {address:#x}"))?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset).context(PATH)?;
        Ok(bytes)
    }
}

/// The place in the file of `length` bytes of memory.
fn offset_of(segments: &[ProgramHeader], address: u64, length: u64) -> Option<u64> {
    segments.iter().find_map(|segment| {
        let within = address.checked_sub(segment.p_paddr)?;
        let fits = within.checked_add(length)? <= segment.p_filesz;
        let loaded = segment.p_type == PT_LOAD && segment.p_paddr != NOWHERE;
        (fits && loaded).then(|| segment.p_offset + within)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(p_type: u32, p_paddr: u64, p_filesz: u64, p_offset: u64) -> ProgramHeader {
        ProgramHeader {
            p_type,
            p_paddr,
            p_filesz,
            p_offset,
            ..ProgramHeader::default()
        }
    }

    #[test]
    fn finds_what_one_segment_has() {
        let segments = [
            segment(4, 0, 1 << 40, 0x100), // a note, which lies nowhere
            segment(PT_LOAD, NOWHERE, 1 << 40, 0x200),
            segment(PT_LOAD, 0x1000, 0x2000, 0x10_0000),
            segment(PT_LOAD, 0x3000, 0x1000, 0x20_0000),
        ];
        let find = |address, length| offset_of(&segments, address, length);
        assert_eq!(find(0x1000, 0x2000), Some(0x10_0000));
        assert_eq!(find(0x2fff, 1), Some(0x10_1fff));
        assert_eq!(find(0x2fff, 2), None);
        assert_eq!(find(0x3000, 0x1000), Some(0x20_0000));
        assert_eq!(find(0xfff, 1), None);
        assert_eq!(find(0x4000, 1), None);
        assert_eq!(find(u64::MAX, 2), None);
    }
}
