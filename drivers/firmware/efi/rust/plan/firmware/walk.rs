// SPDX-License-Identifier: GPL-2.0

//! A walk through the names of variables, and the end of an endless walk.
//!
//! GetNextVariableName() gets the name that it has returned last (UEFI 2.10, section 8.2). So the
//! names tell walks apart. If a call gives the last name of a walk, it continues this walk. The
//! caller does not matter. Otherwise the call begins another walk.

/// More variables than any store holds. Each variable costs the kernel an inode.
pub(crate) const MAX_NAMES: u32 = 16384;

/// The walk that the last call belongs to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Walk {
    /// The checksum of the last name of the walk.
    last: u32,
    /// The number of names in the walk so far.
    names: u32,
}

impl Walk {
    /// Tells if a call that gives `name` would continue a walk with too many names.
    pub(crate) fn ends_at(self, name: u32) -> bool {
        name == self.last && self.names >= MAX_NAMES
    }

    /// Returns the walk after a call that gives the name `from` and returns `to`.
    pub(crate) fn step(self, from: u32, to: u32) -> Self {
        let names = if from == self.last {
            self.names.saturating_add(1)
        } else {
            1
        };
        Self { last: to, names }
    }

    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.last) << 32 | u64::from(self.names)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self {
            last: (bits >> 32) as u32,
            names: bits as u32,
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_walk)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    /// Walks from one name to the next. Returns the name at which the walk is ended, if it is.
    fn walk(mut walk: Walk, names: impl Iterator<Item = u32>) -> (Walk, Option<u32>) {
        let mut from = 0;
        for to in names {
            if walk.ends_at(from) {
                return (walk, Some(from));
            }
            walk = walk.step(from, to);
            from = to;
        }
        (walk, None)
    }

    #[test]
    fn as_many_names_as_there_may_be_are_given() {
        assert_eq!(walk(Walk::default(), 1..=MAX_NAMES).1, None);
    }

    #[test]
    fn an_endless_walk_is_ended() {
        let (_, end) = walk(Walk::default(), 1..=MAX_NAMES + 1);
        assert_eq!(end, Some(MAX_NAMES));
    }

    #[test]
    fn a_walk_in_circles_is_ended() {
        let circle = (0..=MAX_NAMES).map(|step| step % 3 + 1);
        assert!(walk(Walk::default(), circle).1.is_some());
    }

    #[test]
    fn the_next_walk_begins_at_zero() {
        let (ended, _) = walk(Walk::default(), 1..=MAX_NAMES + 1);
        assert_eq!(walk(ended, 1..=MAX_NAMES).1, None);
    }

    #[test]
    fn two_walks_in_turns_are_not_counted_as_one() {
        let mut both = Walk::default();
        for name in 0..MAX_NAMES {
            // One walk is ahead of the other by one name, and both reach the same names.
            for from in [name + 1, name] {
                assert!(!both.ends_at(from));
                both = both.step(from, from + 1);
            }
        }
    }

    #[test]
    fn who_asks_for_one_name_again_and_again_is_answered() {
        let mut walk = Walk::default();
        for _ in 0..=MAX_NAMES {
            assert!(!walk.ends_at(1));
            walk = walk.step(1, 2);
        }
        assert!(!walk.ends_at(2));
    }

    #[test]
    fn a_walk_that_another_caller_goes_on_with_is_the_same() {
        let (first, _) = walk(Walk::default(), 1..=10);
        assert_eq!(first.step(10, 11).names, 11);
    }

    #[test]
    fn bits_are_read_as_they_were_written() {
        let walk = Walk {
            last: 0xfedc_ba98,
            names: 0x7654_3210,
        };
        let read = Walk::from_bits(walk.to_bits());
        assert_eq!((read.last, read.names), (walk.last, walk.names));
    }
}
