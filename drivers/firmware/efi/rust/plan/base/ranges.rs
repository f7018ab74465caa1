// SPDX-License-Identifier: GPL-2.0

//! Lists of items in physical memory, in order and without overlaps. A search does not look at all
//! items.

use crate::plan::base::{
    addr::PhysRange,
    sort, //
};

/// An item that has a range of physical memory.
pub(crate) trait InMemory: Copy {
    fn phys(&self) -> PhysRange;
}

/// Puts `items` in order.
///
/// # Errors
///
/// The first two ranges that overlap, if any do.
pub(crate) fn put_in_order<T: InMemory>(items: &mut [T]) -> Result<(), (PhysRange, PhysRange)> {
    sort::by_key(items, |item| (item.phys().start(), item.phys().end()));
    let ranges = items.iter().map(T::phys);
    let mut pairs = ranges.clone().zip(ranges.skip(1));
    pairs
        .find(|(range, next)| range.overlaps(next))
        .map_or(Ok(()), Err)
}

/// Finds the part of `items` that overlaps `range`. `items` are in order and do not overlap.
pub(crate) fn meeting<'a, T: InMemory>(items: &'a [T], range: &PhysRange) -> &'a [T] {
    let first = items.partition_point(|item| item.phys().end() <= range.start());
    let from = items.get(first..).unwrap_or_default();
    // Few meet it, and the caller looks at each of them.
    let meeting = from
        .iter()
        .take_while(|item| item.phys().start() < range.end());
    from.get(..meeting.count()).unwrap_or_default()
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_ranges)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::{
            entry,
            range,
            BLANK_ENTRY, //
        },
        map::entry::Entry, //
    };

    /// Entries with these ranges: first byte, pages.
    fn list<const N: usize>(ranges: [(u64, u64); N]) -> Result<[Entry; N], RangeError> {
        let mut list = [BLANK_ENTRY; N];
        for ((start, pages), item) in ranges.into_iter().zip(&mut list) {
            *item = entry(start, start, pages)?;
        }
        Ok(list)
    }

    #[test]
    fn sorts_what_does_not_overlap() -> Result<(), RangeError> {
        let [a, b, c, inner] = list([(0x1000, 2), (0x3000, 1), (0x9000, 4), (0xa000, 1)])?;
        let mut apart = [c, a, b];
        assert_eq!(put_in_order(&mut apart), Ok(()));
        assert_eq!(apart, [a, b, c]);
        assert_eq!(
            put_in_order(&mut [inner, a, c, b]),
            Err((c.phys, inner.phys))
        );
        assert_eq!(put_in_order(&mut [a, b, a]), Err((a.phys, a.phys)));
        Ok(())
    }

    #[test]
    fn finds_what_meets_a_range() -> Result<(), RangeError> {
        let list = list([(0x1000, 2), (0x3000, 1), (0x9000, 4)])?;
        for (wanted, found) in [
            (range(0, 1)?, 0..0),
            (range(0, 2)?, 0..1),
            (range(0x2000, 2)?, 0..2),
            (range(0x4000, 5)?, 2..2),
            (range(0x2000, 8)?, 0..3),
            (range(0xa000, 1)?, 2..3),
            (range(0xd000, 1)?, 3..3),
        ] {
            assert_eq!(meeting(&list, &wanted), &list[found]);
        }
        assert!(meeting::<Entry>(&[], &list[0].phys).is_empty());
        Ok(())
    }
}
