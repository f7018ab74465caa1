// SPDX-License-Identifier: GPL-2.0

//! A list in a buffer of the caller.

use core::ops::{
    Deref,
    DerefMut,
    Range, //
};

/// The buffer has no room for another item. Carries its capacity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Full(pub(crate) usize);

/// A list that grows into `buffer` and never beyond it.
///
/// # Invariants
///
/// `len <= buffer.len()`.
pub(crate) struct List<'a, T> {
    buffer: &'a mut [T],
    len: usize,
}

impl<'a, T> List<'a, T> {
    pub(crate) fn new(buffer: &'a mut [T]) -> Self {
        // INVARIANT: 0 is no more than any length.
        Self { buffer, len: 0 }
    }

    /// Appends `item`.
    ///
    /// # Errors
    ///
    /// [`Full`] if the buffer has no room. Then the list is unchanged.
    pub(crate) fn push(&mut self, item: T) -> Result<(), Full> {
        let capacity = self.buffer.len();
        // INVARIANT: there is an element at `len`, so `len + 1` is at most the length.
        *self.buffer.get_mut(self.len).ok_or(Full(capacity))? = item;
        self.len += 1;
        Ok(())
    }
}

impl<T: Copy> List<'_, T> {
    /// Keeps the first item. Keeps a later item if `keep` returns `true` for the last kept item and
    /// this one.
    pub(crate) fn keep_by(&mut self, mut keep: impl FnMut(&T, &T) -> bool) {
        let mut kept = 0_usize;
        for index in 0..self.len {
            let Some(&item) = self.buffer.get(index) else {
                break;
            };
            let last = kept.checked_sub(1).and_then(|last| self.buffer.get(last));
            if last.is_none_or(|last| keep(last, &item)) {
                if let Some(slot) = self.buffer.get_mut(kept) {
                    *slot = item;
                    kept += 1;
                }
            }
        }
        // INVARIANT: `kept` counts some of the `len` items.
        self.len = kept;
    }

    /// Removes the items of `range` that the list has.
    pub(crate) fn remove(&mut self, range: Range<usize>) {
        let end = range.end.min(self.len);
        let start = range.start.min(end);
        self.buffer.copy_within(end..self.len, start);
        // INVARIANT: `start <= end <= len`.
        self.len -= end - start;
    }
}

impl<T> Deref for List<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl<T> DerefMut for List<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.buffer.get_mut(..self.len).unwrap_or_default()
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_list)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_capacity() {
        let mut buffer = [0; 2];
        let mut list = List::new(&mut buffer);
        assert!(list.is_empty());
        assert_eq!(list.push(7), Ok(()));
        assert_eq!(list.push(8), Ok(()));
        assert_eq!(list.push(9), Err(Full(2)));
        list[0] = 6;
        assert_eq!(*list, [6, 8]);
    }

    #[test]
    fn keeps_what_it_is_told() {
        let mut buffer = [0; 6];
        let mut list = List::new(&mut buffer);
        list.keep_by(|_, _| true);
        assert!(list.is_empty());
        for item in [1, 1, 2, 5, 4, 7] {
            assert_eq!(list.push(item), Ok(()));
        }
        list.keep_by(|last, item| *item > last + 1);
        assert_eq!(*list, [1, 5, 7]);
    }

    #[test]
    fn removes_what_it_has() {
        let mut buffer = [0; 6];
        let mut list = List::new(&mut buffer);
        for item in 1..6 {
            assert_eq!(list.push(item), Ok(()));
        }
        list.remove(1..3);
        assert_eq!(*list, [1, 4, 5]);
        list.remove(5..9);
        assert_eq!(*list, [1, 4, 5]);
        list.remove(2..9);
        assert_eq!(*list, [1, 4]);
        list.remove(0..2);
        assert!(list.is_empty());
    }
}
