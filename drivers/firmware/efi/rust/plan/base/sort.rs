// SPDX-License-Identifier: GPL-2.0

//! Sorting with very little stack.
//!
//! The sorts of core may use 4 KiB of scratch space on the stack in each level of their recursion.
//! The kernel's stack has 16 KiB: 256 more runtime regions were enough to overflow it.

/// Sorts `items` by `key` with heapsort. This takes `n log n` steps in any order, and `n` steps if
/// the order is already right. Items with equal keys may change places.
pub(crate) fn by_key<T: Copy, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    if items.is_sorted_by_key(&key) {
        return;
    }
    for root in (0..items.len() / 2).rev() {
        put(items, root, items[root], &key);
    }
    for end in (1..items.len()).rev() {
        let (heap, sorted) = items.split_at_mut(end);
        let last = core::mem::replace(&mut sorted[0], heap[0]);
        put(heap, 0, last, &key);
    }
}

/// Puts `item` in the place of the item at `root`, and makes a heap of the items there and below.
/// The parts below `root` are heaps already.
///
/// The search follows the larger items down to the end, and goes up from there to the place of
/// `item`. Nearly always this place is far down: a search from above needs twice the comparisons.
fn put<T: Copy, K: Ord>(items: &mut [T], root: usize, item: T, key: &impl Fn(&T) -> K) {
    let mut place = root;
    while let Some(child) = larger_child(items, place, key) {
        items[place] = items[child];
        place = child;
    }
    while place > root {
        let above = (place - 1) / 2;
        if key(&items[above]) >= key(&item) {
            break;
        }
        items[place] = items[above];
        place = above;
    }
    items[place] = item;
}

/// Returns the place of the larger of the two items right below `place`, if there are any.
fn larger_child<T, K: Ord>(items: &[T], place: usize, key: &impl Fn(&T) -> K) -> Option<usize> {
    let (left, right) = (2 * place + 1, 2 * place + 2);
    match (items.get(left)?, items.get(right)) {
        (first, Some(second)) if key(first) < key(second) => Some(right),
        _ => Some(left),
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
