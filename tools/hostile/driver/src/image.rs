// SPDX-License-Identifier: GPL-2.0
//! The driver's own image.

/// Offsets in a PE image: of the pointer to its header, and from there to SizeOfImage.
const HEADER: usize = 0x3c;
const SIZE: usize = 0x50;

extern "C" {
    /// The linker's: where the image's headers are.
    static __ImageBase: u8;
}

/// Where it is, as seen from where it runs.
pub fn base() -> u64 {
    (&raw const __ImageBase) as u64
}

/// In whole pages.
pub fn size() -> u64 {
    let start = &raw const __ImageBase;
    // SAFETY: the headers are part of the image.
    let size = unsafe {
        let header = start.add(HEADER).cast::<u32>().read() as usize;
        start.add(header + SIZE).cast::<u32>().read()
    };
    u64::from(size).next_multiple_of(efi_rtmap_false_tables::PAGE)
}
