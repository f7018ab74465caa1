// SPDX-License-Identifier: GPL-2.0

//! A list in a buffer that the caller brings.

use core::ops::{
    Deref,
    DerefMut, //
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
    /// [`Full`] if the buffer is used up; the list is then unchanged.
    pub(crate) fn push(&mut self, item: T) -> Result<(), Full> {
        let capacity = self.buffer.len();
        // INVARIANT: there is an element at `len`, so `len + 1` is at most the length.
        *self.buffer.get_mut(self.len).ok_or(Full(capacity))? = item;
        self.len += 1;
        Ok(())
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
}
