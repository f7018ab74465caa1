// SPDX-License-Identifier: GPL-2.0
//! The driver's own image, by its PE headers.

use core::ops::Range;

/// The place of the pointer to the COFF header.
const COFF: usize = 0x3c;
/// Offsets from the COFF header.
const SECTIONS: usize = 0x6;
const OPTIONAL_SIZE: usize = 0x14;
const OPTIONAL: usize = 0x18;
const ALIGNMENT: usize = 0x38;
const IMAGE_SIZE: usize = 0x50;
/// The size of a section header, and offsets in it.
const SECTION: usize = 0x28;
const SECTION_SIZE: usize = 0x8;
const SECTION_START: usize = 0xc;
const SECTION_FLAGS: usize = 0x24;
const EXECUTE: u32 = 1 << 29;

extern "C" {
    /// The linker defines this at the image's headers.
    static __ImageBase: u8;
}

/// The current address of the image.
pub fn base() -> u64 {
    (&raw const __ImageBase) as u64
}

pub fn range() -> Range<u64> {
    base()..base() + whole(number(coff() + IMAGE_SIZE))
}

/// The sections with code.
pub fn code() -> impl Iterator<Item = Range<u64>> {
    let first = coff() + OPTIONAL + (number(coff() + OPTIONAL_SIZE) & 0xffff) as usize;
    let count = (number(coff() + SECTIONS) & 0xffff) as usize;
    (0..count)
        .map(move |index| first + index * SECTION)
        .filter(|section| number(section + SECTION_FLAGS) & EXECUTE != 0)
        .map(|section| {
            let start = base() + u64::from(number(section + SECTION_START));
            start..start + whole(number(section + SECTION_SIZE))
        })
}

/// Rounds a section's size up. The rest of its last unit, which may be a kernel's page, is unused.
fn whole(size: u32) -> u64 {
    u64::from(size).next_multiple_of(number(coff() + ALIGNMENT).into())
}

fn coff() -> usize {
    number(COFF) as usize
}

/// Four bytes at this offset in the headers.
fn number(offset: usize) -> u32 {
    // SAFETY: the headers are part of the image, and the linker made them.
    unsafe {
        (&raw const __ImageBase)
            .add(offset)
            .cast::<u32>()
            .read_unaligned()
    }
}
