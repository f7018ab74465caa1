// SPDX-License-Identifier: GPL-2.0

//! Ports of x86.

use crate::plan::user::grant::{
    number,
    Grant, //
};
use core::fmt;

/// A range of ports.
///
/// # Invariants
///
/// `first` is not after `last`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ports {
    first: u16,
    last: u16,
}

impl Ports {
    /// `count` ports from `first` on, or [`None`] if there are no such ports.
    pub(crate) fn new(first: u16, count: u16) -> Option<Self> {
        let last = first.checked_add(count.checked_sub(1)?)?;
        // INVARIANT: The sum does not wrap around.
        Some(Self { first, last })
    }

    pub(crate) fn first(self) -> u16 {
        self.first
    }

    /// The number of ports. All ports are one more than 16 bits hold.
    pub(crate) fn count(self) -> u32 {
        // By the type invariants.
        u32::from(self.last - self.first) + 1
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl Grant for Ports {
    const WORD: &'static [u8] = b"ports=";

    /// Reads a range as in `0x70-0x71`, or one port as in `0xb2`.
    fn read(text: &[u8]) -> Option<Self> {
        let port = |text| u16::try_from(number(text)?).ok();
        let mut ends = text.splitn(2, |&byte| byte == b'-').map(port);
        let first = ends.next()??;
        let last = ends.next().unwrap_or(Some(first))?;
        // INVARIANT: That is what is asked for.
        (first <= last).then_some(Self { first, last })
    }

    /// Only the range of port 0 alone is 0.
    fn to_bits(self) -> u32 {
        u32::from(self.last) << 16 | u32::from(self.first)
    }

    fn from_bits(bits: u32) -> Option<Self> {
        let (first, last) = (bits as u16, (bits >> 16) as u16);
        // INVARIANT: That is what is asked for.
        (bits != 0 && first <= last).then_some(Self { first, last })
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{:#x}", self.first)
        } else {
            write!(f, "{:#x}-{:#x}", self.first, self.last)
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_port)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    fn ports(first: u16, last: u16) -> Ports {
        Ports { first, last }
    }

    #[test]
    fn ranges_are_read() {
        for (text, range) in [
            (b"0xb2".as_slice(), Some(ports(0xb2, 0xb2))),
            (b"0x70-0x71", Some(ports(0x70, 0x71))),
            (b"0x0-0xFFff", Some(ports(0, 0xffff))),
            (b"0x71-0x70", None),
            (b"0x10000", None),
            (b"0x", None),
            (b"", None),
            (b"70", None),
            (b"0x+7", None),
            (b"0x70-", None),
            (b"0x70-0x71-0x72", None),
        ] {
            assert_eq!(Ports::read(text), range);
        }
    }

    #[test]
    fn bits_are_read_back() {
        for range in [
            ports(0, 1),
            ports(0x70, 0x71),
            ports(0xffff, 0xffff),
            ports(0, 0xffff),
        ] {
            assert_eq!(Ports::from_bits(range.to_bits()), Some(range));
        }
        for bits in [0, 1, 0x70_0071] {
            assert_eq!(Ports::from_bits(bits), None);
        }
    }

    #[test]
    fn ranges_end_at_the_last_port() {
        assert_eq!(Ports::new(0xfffc, 4), Some(ports(0xfffc, 0xffff)));
        assert_eq!(Ports::new(0xfffc, 5), None);
        assert_eq!(Ports::new(7, 0), None);
        assert_eq!(ports(0, 0xffff).count(), 0x1_0000);
    }

    #[test]
    fn ranges_are_compared() {
        let middle = ports(10, 20);
        for (other, contains, meets) in [
            (ports(10, 20), true, true),
            (ports(20, 20), true, true),
            (ports(9, 10), false, true),
            (ports(20, 21), false, true),
            (ports(21, 30), false, false),
            (ports(0, 9), false, false),
        ] {
            assert_eq!(
                (middle.contains(other), middle.meets(other)),
                (contains, meets)
            );
        }
    }
}
