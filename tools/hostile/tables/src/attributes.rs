// SPDX-License-Identifier: GPL-2.0
//! The memory attributes table (UEFI 2.10, section 4.6.3).

use core::ops::Range;

use efi_rtmap_orders::What;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::descriptor::{Descriptor, Table, PAGE};

/// EFI_MEMORY_ATTRIBUTES_TABLE, without its entries.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub struct Header {
    version: U32,
    count: U32,
    stride: U32,
    flags: U32,
}

const RIGHTS: u64 = Descriptor::READ_ONLY | Descriptor::NOT_EXECUTABLE;
const FALSE_VERSION: u32 = 3;
const FALSE_COUNT: u32 = 65_537;
/// No machine of the lab has memory at this address.
const OUTSIDE: u64 = 1 << 45;
/// More pages than any region of firmware has.
const BEYOND: u64 = 1 << 20;
const CODE: u32 = 5;
const DATA: u32 = 6;

impl Header {
    /// The size of the whole table in bytes, if its header does not lie.
    pub fn table_size(&self) -> usize {
        size_of::<Self>() + self.count.get() as usize * self.stride.get() as usize
    }
}

/// The content of a part of the image, for [`describe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Code,
    Data,
}

/// Gives a part of memory the rights of its content, in the table at the start of the buffer. This
/// needs room for two more entries. Without this room, or if the entries lie, the table stays as it
/// is.
pub fn describe(buffer: &mut [u8], range: &Range<u64>, content: Content) {
    let Some((header, mut table)) = parts(buffer) else {
        return;
    };
    if table.size + 2 * table.stride > table.buffer.len() {
        return;
    }
    table.cut(range.start);
    table.cut(range.end);
    let inside = |entry: &Descriptor| range.contains(&entry.start.get());
    table.change(inside, |entry| {
        entry.attributes &= !RIGHTS;
        entry.attributes |= match content {
            Content::Code => Descriptor::READ_ONLY,
            Content::Data => Descriptor::NOT_EXECUTABLE,
        };
    });
    header.count = (table.len() as u32).into();
}

/// Takes the right to execute from memory of unknown content, in the entry that begins at `start`.
pub fn describe_rest(table: &mut [u8], start: u64) {
    let Some((_, mut table)) = parts(table) else {
        return;
    };
    let unknown = |entry: &Descriptor| entry.start == start && entry.attributes & RIGHTS == 0;
    table.change(unknown, |entry| {
        entry.attributes |= Descriptor::NOT_EXECUTABLE
    });
}

/// Returns None if the header's values are impossible.
fn parts(buffer: &mut [u8]) -> Option<(&mut Header, Table<'_>)> {
    let (header, entries) = Header::mut_from_prefix(buffer).ok()?;
    let stride = header.stride.get() as usize;
    let size = header.table_size() - size_of::<Header>();
    let possible = stride >= size_of::<Descriptor>() && size <= entries.len();
    let table = Table {
        buffer: entries,
        size,
        stride,
    };
    possible.then_some((header, table))
}

/// The size of the table at the start of a buffer, in bytes.
pub fn size(buffer: &[u8]) -> usize {
    Header::ref_from_prefix(buffer).map_or(0, |(header, _)| header.table_size())
}

/// Changes a whole table. Returns false if `what` is no lie about it, or if it has too few entries.
pub fn falsify(table: &mut [u8], what: What) -> bool {
    let Ok((header, entries)) = Header::mut_from_prefix(table) else {
        return false;
    };
    let stride = header.stride.get() as usize;
    if stride < size_of::<Descriptor>() {
        return false;
    }
    let mut entries = entries
        .chunks_exact_mut(stride)
        .filter_map(|entry| Some(Descriptor::mut_from_prefix(entry).ok()?.0));
    match what {
        What::AttributesVersion => header.version = FALSE_VERSION.into(),
        What::AttributesCount => header.count = FALSE_COUNT.into(),
        What::AttributesOverlap => {
            // The second entry begins one page before the first ends.
            let Some(before) = entries.next() else {
                return false;
            };
            let Some(overlapping) = entries.next() else {
                return false;
            };
            overlapping.start = (before.end() - PAGE).into();
        }
        What::AttributesBeyond => match entries.next() {
            Some(entry) => entry.pages += BEYOND,
            None => return false,
        },
        What::AttributesType => match entries.find(|entry| entry.kind == CODE) {
            Some(entry) => entry.kind = DATA.into(),
            None => return false,
        },
        What::AttributesOutside => match entries.next() {
            Some(entry) => entry.start = OUTSIDE.into(),
            None => return false,
        },
        What::AttributesReadOnly => entries.for_each(|entry| entry.attributes |= RIGHTS),
        What::AttributesExecutable => entries.for_each(|entry| entry.attributes &= !RIGHTS),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{tests::region, Descriptors};

    const STRIDE: usize = 48;
    const COUNT: usize = 3;
    const SIZE: usize = 16 + COUNT * STRIDE;

    fn entries() -> [Descriptor; COUNT] {
        let attributes = Descriptor::RUNTIME;
        [
            region(5, 0x10_0000, 1, attributes | Descriptor::NOT_EXECUTABLE),
            region(5, 0x10_1000, 4, attributes | Descriptor::READ_ONLY),
            region(6, 0x20_0000, 8, attributes | Descriptor::NOT_EXECUTABLE),
        ]
    }

    fn table() -> [u8; SIZE] {
        let header = Header {
            version: 1.into(),
            count: (COUNT as u32).into(),
            stride: (STRIDE as u32).into(),
            flags: 0.into(),
        };
        let mut table = [0; SIZE];
        table[..16].copy_from_slice(header.as_bytes());
        for (index, entry) in entries().iter().enumerate() {
            table[16 + index * STRIDE..][..size_of::<Descriptor>()]
                .copy_from_slice(entry.as_bytes());
        }
        table
    }

    /// The version, the number of entries, and the entries, after one lie.
    fn after(what: What) -> (u32, u32, [Descriptor; COUNT]) {
        let mut table = table();
        assert!(falsify(&mut table, what));
        let (header, rest) = Header::ref_from_prefix(&table).unwrap();
        let entry = |index| {
            Descriptor::read_from_prefix(&rest[index * STRIDE..])
                .unwrap()
                .0
        };
        let seen = core::array::from_fn(entry);
        (header.version.get(), header.count.get(), seen)
    }

    #[test]
    fn the_header_says_how_long_the_table_is() {
        let table = table();
        let (header, _) = Header::ref_from_prefix(&table).unwrap();
        assert_eq!(header.table_size(), SIZE);
    }

    #[test]
    fn a_part_of_an_entry_gets_the_rights_of_code() {
        let [first, second, mut third] = entries();
        let mut buffer = [0; SIZE + 2 * STRIDE];
        buffer[..SIZE].copy_from_slice(&table());
        describe(&mut buffer, &(0x20_2000..0x20_3000), Content::Code);
        let (header, rest) = Header::ref_from_prefix(&buffer).unwrap();
        assert_eq!(header.count, 5);
        third.pages = 2.into();
        let runtime = Descriptor::RUNTIME;
        let code = region(6, 0x20_2000, 1, runtime | Descriptor::READ_ONLY);
        let after = region(6, 0x20_3000, 5, runtime | Descriptor::NOT_EXECUTABLE);
        let expected = [first, second, third, code, after];
        assert!(Descriptors::new(rest, STRIDE).iter().eq(&expected));
    }

    #[test]
    fn a_table_stays_as_it_is_without_room_for_two() {
        let mut buffer = [0; SIZE + STRIDE];
        buffer[..SIZE].copy_from_slice(&table());
        let before = buffer;
        describe(&mut buffer, &(0x20_2000..0x20_3000), Content::Code);
        assert_eq!(buffer, before);
    }

    #[test]
    fn whole_entries_are_not_cut() {
        let mut buffer = [0; SIZE + 2 * STRIDE];
        buffer[..SIZE].copy_from_slice(&table());
        describe(&mut buffer, &(0x10_0000..0x10_5000), Content::Data);
        let (header, rest) = Header::ref_from_prefix(&buffer).unwrap();
        assert_eq!(header.count, 3);
        let rights = Descriptors::new(rest, STRIDE)
            .iter()
            .map(|entry| entry.attributes & RIGHTS);
        assert!(rights
            .take(3)
            .all(|rights| rights == Descriptor::NOT_EXECUTABLE));
    }

    #[test]
    fn only_what_is_unknown_is_described_as_the_rest() {
        let mut unknown = table();
        let first = 16 + size_of::<Descriptor>() - size_of::<u64>();
        unknown[first..][..8].copy_from_slice(&Descriptor::RUNTIME.to_le_bytes());
        let expected = table();
        for elsewhere in [0, 0x10_1000] {
            let before = unknown;
            describe_rest(&mut unknown, elsewhere);
            assert_eq!(unknown, before);
        }
        describe_rest(&mut unknown, 0x10_0000);
        assert_eq!(unknown, expected);
    }

    #[test]
    fn lies_of_the_header() {
        assert_eq!(after(What::AttributesVersion), (3, 3, entries()));
        assert_eq!(after(What::AttributesCount), (1, 65_537, entries()));
    }

    #[test]
    fn two_entries_overlap() {
        let (_, _, [first, second, third]) = after(What::AttributesOverlap);
        assert!(first.start < second.end() && second.start < first.end());
        assert_eq!([first, third], [entries()[0], entries()[2]]);
    }

    #[test]
    fn one_entry_lies_outside() {
        let (_, _, [first, second, third]) = after(What::AttributesOutside);
        assert!(first.start > 1 << 40);
        assert_eq!([second, third], [entries()[1], entries()[2]]);
    }

    #[test]
    fn one_entry_is_not_as_its_region() {
        let (_, _, [first, second, third]) = after(What::AttributesBeyond);
        assert!(first.start == entries()[0].start && first.end() > 1 << 32);
        assert_eq!([second, third], [entries()[1], entries()[2]]);
        let (_, _, [first, second, third]) = after(What::AttributesType);
        assert_eq!((first.kind.get(), first.end()), (6, entries()[0].end()));
        assert_eq!([second, third], [entries()[1], entries()[2]]);
    }

    #[test]
    fn all_entries_get_the_same_rights() {
        let rights = |what| after(what).2.map(|entry| entry.attributes & RIGHTS);
        assert!(rights(What::AttributesReadOnly)
            .iter()
            .all(|got| *got == RIGHTS));
        assert!(rights(What::AttributesExecutable)
            .iter()
            .all(|got| *got == 0));
    }

    #[test]
    fn a_table_that_has_no_two_entries_cannot_overlap() {
        let mut table = table();
        assert!(!falsify(&mut table[..16 + STRIDE], What::AttributesOverlap));
    }

    #[test]
    fn other_misbehaviours_leave_the_table_alone() {
        let mut changed = table();
        assert!(!falsify(&mut changed, What::BadCrc));
        assert_eq!(changed, table());
    }
}
