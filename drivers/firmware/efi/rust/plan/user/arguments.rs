// SPDX-License-Identifier: GPL-2.0

//! The places of a call's arguments in the memory that firmware can reach in user mode.

/// Places start at multiples of so many bytes. No type of UEFI needs more (UEFI 2.10, section 2.3).
pub(crate) const ALIGNMENT: usize = 16;

/// A place for one argument.
///
/// # Invariants
///
/// `offset` plus `size` is no more than the room that it was given from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    offset: usize,
    size: usize,
}

impl Place {
    pub(crate) fn offset(self) -> usize {
        self.offset
    }

    pub(crate) fn size(self) -> usize {
        self.size
    }

    /// The first `size` bytes of the place, or all if it has fewer.
    pub(crate) fn first(self, size: usize) -> Self {
        // INVARIANT: It ends no later.
        Self {
            size: self.size.min(size),
            ..self
        }
    }
}

/// The places that are given so far.
///
/// # Invariants
///
/// `used` is no more than `room`.
pub(crate) struct Arguments {
    used: usize,
    room: usize,
}

impl Arguments {
    /// Places in `room` bytes of memory.
    pub(crate) const fn new(room: usize) -> Self {
        // INVARIANT: Nothing is used.
        Self { used: 0, room }
    }

    /// Gives a place of `size` bytes, or [`None`] if there is no room for it.
    pub(crate) fn place(&mut self, size: usize) -> Option<Place> {
        let offset = self.used;
        let end = offset.checked_add(size)?;
        if end > self.room {
            return None;
        }
        // INVARIANT: The room limits it.
        self.used = end.checked_next_multiple_of(ALIGNMENT)?.min(self.room);
        // INVARIANT: `end` is in the room.
        Some(Place { offset, size })
    }

    /// The largest place that can be given.
    pub(crate) fn left(&self) -> usize {
        // By the type invariants.
        self.room - self.used
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_arguments)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn places_are_aligned_and_apart() {
        let mut arguments = Arguments::new(100);
        for (size, offset) in [(1, 0), (16, 16), (17, 32), (0, 64), (36, 64)] {
            assert_eq!(arguments.place(size), Some(Place { offset, size }));
        }
        assert_eq!((arguments.left(), arguments.place(1)), (0, None));
    }

    #[test]
    fn a_place_that_does_not_fit_takes_nothing() {
        let mut arguments = Arguments::new(64);
        assert!(arguments.place(10).is_some());
        for size in [49, usize::MAX, usize::MAX - 15] {
            assert_eq!((arguments.place(size), arguments.left()), (None, 48));
        }
        assert_eq!(arguments.place(48).map(Place::offset), Some(16));
    }

    #[test]
    fn a_part_is_no_longer_than_the_place() {
        let place = Arguments::new(8).place(8);
        for (asked, size) in [(3, 3), (8, 8), (9, 8)] {
            assert_eq!(place.map(|place| place.first(asked).size()), Some(size));
        }
    }
}
