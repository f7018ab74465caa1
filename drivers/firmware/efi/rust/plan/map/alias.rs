// SPDX-License-Identifier: GPL-2.0

//! The 1:1 aliases of entries that have fixed addresses.
//!
//! If fixed addresses and aliases are in the same half of the address space, an alias may be in the
//! way of a fixed address. Then the alias is left out: firmware was given the fixed address.

use crate::plan::{
    base::{
        addr::VirtAddr,
        list::{
            Full,
            List, //
        },
    },
    map::{
        entry::Entry,
        layout::AddressSpace,
        mapping::Mapping, //
    },
};

/// Appends the aliases of `entries` to `list`, which holds the pages at fixed addresses, in
/// order.
pub(super) fn push(
    entries: &[Entry],
    space: &AddressSpace,
    list: &mut List<'_, Mapping>,
) -> Result<(), Full> {
    let fixed = list.len();
    let moved = |entry: &&Entry| entry.virt != entry.phys.start().identity();
    for entry in entries.iter().filter(moved) {
        let alias = Mapping {
            virt: entry.phys.start().identity(),
            ..Mapping::of(entry)
        };
        let fixed = list.get(..fixed).unwrap_or_default();
        if fits(&alias, fixed, space) {
            list.push(alias)?;
        }
    }
    Ok(())
}

fn fits(alias: &Mapping, fixed: &[Mapping], space: &AddressSpace) -> bool {
    alias.rounded(space.page).is_ok_and(|pages| {
        space.check_identity(&pages.phys).is_ok() && is_free(pages.virt, pages.end(), fixed)
    })
}

/// Tells if no mapping of `fixed`, which is in order, overlaps the range from `start` to `end`.
fn is_free(start: VirtAddr, end: VirtAddr, fixed: &[Mapping]) -> bool {
    let next = fixed.partition_point(|mapping| mapping.end() <= start);
    fixed.get(next).is_none_or(|mapping| end <= mapping.virt)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_page_alias)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        firmware::perm::Permission,
        fixtures::{
            entry,
            ARM64,
            ARM64_39,
            ARM64_64K, //
        },
        map::pages::{
            mappings,
            most, //
        }, //
    };

    const HIGH: u64 = 1 << 32;

    /// Tells if exactly these are mapped: address, physical address, pages of 4 KiB.
    fn map_to(space: &AddressSpace, entries: &[Entry], expected: &[(u64, u64, u64)]) -> bool {
        let mut buffer = [Mapping::BLANK; most(3, ARM64_64K.page)];
        let mut out = List::new(&mut buffer);
        let result = mappings(entries, space, &mut out);
        let got = out.iter().map(|m| {
            let phys = m.phys.start().value();
            (m.virt.value(), phys, m.phys.pages().count())
        });
        result.is_ok() && got.eq(expected.iter().copied())
    }

    #[test]
    fn fixed_addresses_have_aliases_and_others_are_theirs() -> Result<(), RangeError> {
        let entries = [
            entry(0x2000, HIGH + 0x2000, 1)?,
            entry(0x9000, 0x9000, 1)?,
            entry(0x5000, HIGH + 0x5000, 2)?,
        ];
        let expected = [
            (0x2000, 0x2000, 1),
            (0x5000, 0x5000, 2),
            (0x9000, 0x9000, 1),
            (HIGH + 0x2000, 0x2000, 1),
            (HIGH + 0x5000, 0x5000, 2),
        ];
        assert!(map_to(&ARM64, &entries, &expected));
        Ok(())
    }

    #[test]
    fn an_alias_beyond_the_1_to_1_map_is_left_out() -> Result<(), RangeError> {
        let end = 1 << 39;
        let last = entry(end - 0x1000, HIGH, 1)?;
        let both = [(HIGH, end - 0x1000, 1), (end - 0x1000, end - 0x1000, 1)];
        assert!(map_to(&ARM64_39, &[last], &both));
        let beyond = entry(end - 0x1000, HIGH, 2)?;
        assert!(map_to(&ARM64_39, &[beyond], &[(HIGH, end - 0x1000, 2)]));
        let top = u64::MAX - 0xfff;
        let wraps = entry(top - 0x1000, HIGH + 0xe000, 1)?;
        let alone = [(HIGH + 0xe000, top - 0x1000, 1)];
        assert!(map_to(&ARM64_39, &[wraps], &alone));
        Ok(())
    }

    #[test]
    fn a_fixed_address_is_worth_more_than_an_alias() -> Result<(), RangeError> {
        // The second entry is where the last page of the first would have its alias.
        for (at, free) in [
            (0x1_f000, true),
            (0x2_0000, false),
            (0x2_2000, false),
            (0x2_3000, true),
        ] {
            let entries = [entry(0x2_0000, HIGH, 3)?, entry(0x9_0000, at, 1)?];
            let mut buffer = [Mapping::BLANK; most(2, ARM64_64K.page)];
            let mut out = List::new(&mut buffer);
            assert!(mappings(&entries, &ARM64, &mut out).is_ok());
            let has = |virt, phys| {
                out.iter()
                    .any(|m| (m.virt.value(), m.phys.start().value()) == (virt, phys))
            };
            assert!(has(HIGH, 0x2_0000) && has(at, 0x9_0000) && has(0x9_0000, 0x9_0000));
            assert_eq!(has(0x2_0000, 0x2_0000), free);
        }
        Ok(())
    }

    #[test]
    fn an_alias_does_not_share_the_page_of_a_fixed_address() -> Result<(), RangeError> {
        let entries = [
            entry(0x2_1000, HIGH + 0x1000, 1)?,
            entry(0x2_2000, 0x2_2000, 1)?,
        ];
        let expected = [(0x2_0000, 0x2_0000, 16), (HIGH, 0x2_0000, 16)];
        assert!(map_to(&ARM64_64K, &entries, &expected));
        Ok(())
    }

    #[test]
    fn aliases_share_pages() -> Result<(), RangeError> {
        let code = Entry {
            permission: Permission::ReadExecute,
            ..entry(0x2_1000, HIGH + 0x1000, 1)?
        };
        // This entry is apart in the layout, because the two do not touch.
        let data = entry(0x2_8000, 2 * HIGH + 0x8000, 0x10)?;
        let mut buffer = [Mapping::BLANK; most(2, ARM64_64K.page)];
        let mut out = List::new(&mut buffer);
        assert!(mappings(&[data, code], &ARM64_64K, &mut out).is_ok());
        let got = out.iter().map(|m| {
            (
                m.virt.value(),
                m.phys.pages().count(),
                m.permission,
                m.shared,
            )
        });
        let both = Permission::ReadWriteExecute;
        assert!(got.eq([
            (0x2_0000, 16, both, true),
            (0x3_0000, 16, data.permission, false),
            (HIGH, 16, code.permission, false),
            (2 * HIGH, 32, data.permission, false),
        ]));
        Ok(())
    }
}
