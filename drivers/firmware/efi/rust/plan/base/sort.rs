// SPDX-License-Identifier: GPL-2.0

//! Sorting with very little stack.
//!
//! The sorts of core may use 4 KiB of scratch space on the stack in each level of their recursion.
//! The kernel's stack has 16 KiB: 256 more runtime regions were enough to overflow it.

/// Sorts `items` by `key` with heapsort. This takes `n log n` steps in any order, and `n` steps if
/// the order is already right. Items with equal keys may change places.
pub(crate) fn by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    if items.is_sorted_by_key(&key) {
        return;
    }
    for root in (0..items.len() / 2).rev() {
        sift_down(items, root, &key);
    }
    for end in (1..items.len()).rev() {
        items.swap(0, end);
        let (heap, _) = items.split_at_mut(end);
        sift_down(heap, 0, &key);
    }
}

/// Makes a heap of `items`. Only `place` may be smaller than the items below it.
fn sift_down<T, K: Ord>(items: &mut [T], mut place: usize, key: &impl Fn(&T) -> K) {
    let key_at = |items: &[T], place| items.get(place).map(key);
    loop {
        let children = [2 * place + 1, 2 * place + 2];
        // A missing child is less than any item.
        let Some(child) = children.into_iter().max_by_key(|&c| key_at(items, c)) else {
            return;
        };
        if key_at(items, child) <= key_at(items, place) {
            return;
        }
        items.swap(place, child);
        place = child;
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_sort)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    /// The numbers 0 to `N - 1` in a mixed order. `N` is no multiple of 7.
    fn shuffled<const N: usize>() -> [u16; N] {
        let mut items = [0; N];
        for (place, item) in items.iter_mut().enumerate() {
            *item = (place * 7 % N) as u16;
        }
        items
    }

    fn sorts<const N: usize>() {
        for falls in [false, true] {
            let mut items = shuffled::<N>();
            by_key(
                &mut items,
                |&item| if falls { u16::MAX - item } else { item },
            );
            if falls {
                items.reverse();
            }
            assert!(items.iter().copied().eq(0..N as u16));
        }
    }

    #[test]
    fn sorts_lists_of_any_length() {
        by_key(&mut [], |item: &u8| *item);
        sorts::<1>();
        sorts::<2>();
        sorts::<3>();
        sorts::<8>();
        sorts::<300>();
    }

    #[test]
    fn sorts_by_the_key_alone() {
        let mut items = [(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd')];
        by_key(&mut items, |item| item.0);
        assert_eq!(items.map(|item| item.0), [0, 1, 2, 2]);
        assert_eq!((items[0].1, items[1].1), ('d', 'b'));
    }
}
