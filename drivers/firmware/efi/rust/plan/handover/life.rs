// SPDX-License-Identifier: GPL-2.0

//! The table that tells one life of the firmware from another: [`struct efi_rtmap_life`]. It lies
//! in the firmware's own memory, which no image of a hibernated system brings back.
//!
//! [`struct efi_rtmap_life`]: srctree/include/linux/efi-rtmap-table.h

use crate::plan::{
    base::{
        bytes::u64_at,
        kind::Kind, //
    },
    handover::{
        format::LifeTable,
        stub::Nonce, //
    },
    map::region::Region,
};
use core::mem::offset_of;

/// Bytes of the table.
pub(crate) const LIFE_SIZE: usize = size_of::<LifeTable>();
/// Offset of the sum of the addresses.
pub(crate) const ADDRESSES_OFFSET: usize = offset_of!(LifeTable, addresses);

/// The content of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Life {
    pub(crate) nonce: Option<Nonce>,
    pub(crate) addresses: Addresses,
}

/// The addresses that firmware has been given, as a sum: two that differ do not have the same, but
/// by chance. Zero are the physical ones, by which firmware goes until it is given others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Addresses(u64);

impl Addresses {
    /// Those of a map of `kind` with these `regions`, in the order of their memory.
    pub(crate) fn of(kind: Kind, regions: &[Region]) -> Self {
        if kind.is_identity() {
            return Self(0);
        }
        let words = regions.iter().flat_map(|region| {
            let start = region.phys.start().value();
            [start, region.virt.value(), region.phys.pages().count()]
        });
        Self(sum(words))
    }

    pub(crate) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }
}

/// FNV-1a, of 64-bit words instead of bytes: unlike a CRC of the kernel's, it needs no buffer.
fn sum(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0xcbf2_9ce4_8422_2325, |sum, word| {
        (sum ^ word).wrapping_mul(0x100_0000_01b3)
    })
}

/// The firmware that a kernel finds which has slept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awakening {
    SameLife,
    /// It was started anew, and goes by the addresses that this kernel's map has.
    SameAddresses(Nonce),
    /// It was started anew, and goes by others, or nobody knows by which.
    OtherAddresses,
}

impl Life {
    /// Reads the table. [`None`] if not all of it is there.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            nonce: Nonce::read(bytes.get(offset_of!(LifeTable, nonce)..)?),
            addresses: Addresses(u64_at(bytes, ADDRESSES_OFFSET)?),
        })
    }

    /// Compares what a kernel has known before it slept with what it finds `now`.
    pub(crate) fn awakening(self, now: Self) -> Awakening {
        match now.nonce {
            nonce if nonce == self.nonce => Awakening::SameLife,
            Some(nonce) if now.addresses == self.addresses => Awakening::SameAddresses(nonce),
            _ => Awakening::OtherAddresses,
        }
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_life)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::base::addr::VirtAddr;

    fn life(nonce: u8, addresses: u8) -> Life {
        let mut bytes = [nonce; LIFE_SIZE];
        bytes[ADDRESSES_OFFSET..].fill(addresses);
        Life::read(&bytes).unwrap_or(Life {
            nonce: None,
            addresses: Addresses(u64::MAX),
        })
    }

    #[test]
    fn another_life_is_as_good_if_the_addresses_are_the_same() {
        let renewed = Nonce::read(&[2; size_of::<Nonce>()]).map(Awakening::SameAddresses);
        for (now, expected) in [
            (life(1, 7), Some(Awakening::SameLife)),
            (life(1, 8), Some(Awakening::SameLife)),
            (life(2, 7), renewed),
            (life(2, 8), Some(Awakening::OtherAddresses)),
            (life(2, 0), Some(Awakening::OtherAddresses)),
            // The table is gone.
            (life(0, 7), Some(Awakening::OtherAddresses)),
        ] {
            assert_eq!(Some(life(1, 7).awakening(now)), expected);
        }
    }

    #[test]
    fn firmware_that_nobody_has_converted_has_the_addresses_of_each_map_that_is_1_to_1() {
        let untouched = life(1, 0).addresses;
        let region = |virt| Region {
            virt: VirtAddr::new(virt),
            ..Region::BLANK
        };
        for kind in [Kind::Phys, Kind::Ident] {
            assert_eq!(Addresses::of(kind, &[region(0)]), untouched);
        }
        let fixed = |virts: [u64; 2]| Addresses::of(Kind::Fixed, &virts.map(region));
        assert_eq!(fixed([1, 2]), fixed([1, 2]));
        for other in [[2, 1], [1, 3], [0, 0]] {
            assert!(fixed([1, 2]) != fixed(other));
        }
        assert!(fixed([0, 0]) != untouched);
    }
}
