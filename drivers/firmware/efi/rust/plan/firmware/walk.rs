// SPDX-License-Identifier: GPL-2.0

//! A walk through the names of variables, and the end of an endless walk.
//!
//! GetNextVariableName() gets the name that it has returned last (UEFI 2.10, section 8.2). So the
//! names tell walks apart. If a call gives the last name of a walk, it continues this walk. The
//! caller does not matter. Otherwise the call begins another walk.

use crate::plan::base::bytes::Crc32;

/// More variables than any store holds. Each variable costs the kernel an inode.
pub(crate) const MAX_NAMES: u32 = 16384;

/// A checksum of a variable's name and vendor. The empty name, which begins a walk, is 0.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Name(pub(crate) u32);

impl Name {
    /// The name at the start of `room`, which ends there or with the first NUL, of this `vendor`.
    /// The empty name has no vendor.
    pub(crate) fn new(room: &[u8], vendor: &[u8; 16], crc: Crc32) -> Self {
        let units = room.chunks_exact(2);
        let length = 2 * units.take_while(|unit| *unit != [0, 0]).count();
        match room.get(..length) {
            None | Some([]) => Self::default(),
            Some(name) => Self(crc(name) ^ crc(vendor)),
        }
    }
}

/// The walk that the last call belongs to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Walk {
    /// The last name of the walk.
    last: Name,
    /// The number of names in the walk so far.
    names: u32,
}

impl Walk {
    /// Tells if a call that gives `name` would continue a walk with too many names.
    pub(crate) fn ends_at(self, name: Name) -> bool {
        name == self.last && self.names >= MAX_NAMES
    }

    /// Returns the walk after a call that gives the name `from` and returns `to`.
    pub(crate) fn step(self, from: Name, to: Name) -> Self {
        let names = if from == self.last {
            self.names.saturating_add(1)
        } else {
            1
        };
        Self { last: to, names }
    }

    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.last.0) << 32 | u64::from(self.names)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self {
            last: Name((bits >> 32) as u32),
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
    use crate::plan::fixtures::crc32;

    const VENDOR: [u8; 16] = [7; 16];

    fn name(room: &[u8]) -> Name {
        Name::new(room, &VENDOR, crc32)
    }

    #[test]
    fn a_name_ends_with_its_nul_or_with_the_room() {
        assert_eq!(name(b"A\0B\0"), name(b"A\0B\0\0\0C\0"));
        assert_eq!(name(b"A\0B\0"), name(b"A\0B\0C"));
        assert_ne!(name(b"A\0B\0"), name(b"A\0"));
        assert_ne!(name(b"A\0\0B"), name(b"A\0"));
    }

    #[test]
    fn an_empty_name_begins_a_walk_for_any_vendor() {
        for room in [&b""[..], b"A", b"\0\0", b"\0\0A\0"] {
            assert_eq!(name(room), Walk::default().last);
        }
    }

    #[test]
    fn names_of_two_vendors_are_two_names() {
        assert_ne!(name(b"A\0"), Name::new(b"A\0", &[8; 16], crc32));
    }

    /// Walks from one name to the next. Returns the name at which the walk is ended, if it is.
    fn walk(mut walk: Walk, names: impl Iterator<Item = u32>) -> (Walk, Option<Name>) {
        let mut from = Name::default();
        for to in names.map(Name) {
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
        assert_eq!(end, Some(Name(MAX_NAMES)));
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
                assert!(!both.ends_at(Name(from)));
                both = both.step(Name(from), Name(from + 1));
            }
        }
    }

    #[test]
    fn who_asks_for_one_name_again_and_again_is_answered() {
        let mut walk = Walk::default();
        for _ in 0..=MAX_NAMES {
            assert!(!walk.ends_at(Name(1)));
            walk = walk.step(Name(1), Name(2));
        }
        assert!(!walk.ends_at(Name(2)));
    }

    #[test]
    fn a_walk_that_another_caller_goes_on_with_is_the_same() {
        let (first, _) = walk(Walk::default(), 1..=10);
        assert_eq!(first.step(Name(10), Name(11)).names, 11);
    }

    #[test]
    fn bits_are_read_as_they_were_written() {
        let walk = Walk {
            last: Name(0xfedc_ba98),
            names: 0x7654_3210,
        };
        let read = Walk::from_bits(walk.to_bits());
        assert_eq!((read.last, read.names), (walk.last, walk.names));
    }
}
