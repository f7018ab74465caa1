// SPDX-License-Identifier: GPL-2.0

//! From entries, which may end at any 4 KiB, to the pages of this kernel.
//!
//! ```text
//!  entries   |  r-x   |          rw-             |     r--     |
//!  pages     |               |               |               |
//!  mappings  |      rwx      |      rw-      |      rw-      |
//! ```

use crate::plan::{
    base::{
        addr::PAGE_SIZE,
        list::{
            Full,
            List, //
        },
        sort,
    },
    map::{
        alias,
        entry::Entry,
        layout::AddressSpace,
        mapping::{
            Mapping,
            PageError, //
        }, //
    },
};

/// The largest length of list that [`mappings`] needs for so many entries, on pages of `page` bytes.
///
/// Each of n entries has a mapping of its own. The aliases may need the same number again. They are
/// joined from a list of n, which is then between the two: 3n. On larger pages than those of EFI, an
/// entry may share a page with the entry before it, and this page is another mapping: 5n - 2.
pub(crate) const fn most(entries: usize, page: u64) -> usize {
    entries.saturating_mul(if page > PAGE_SIZE { 5 } else { 3 })
}

/// Lists the mappings that firmware needs to find `entries`, by address and without overlaps. `out`
/// is empty and has room for [`most`] of them.
///
/// A page in which entries with different permissions meet has the rights that any of them needs.
/// Fewer rights would not work.
///
/// Entries in a map of fixed addresses are also mapped 1:1 if possible, for pointers that firmware
/// fails to convert.
///
/// # Errors
///
/// A [`PageError`] if pages of this size cannot hold the entries, or if entries overlap and differ.
pub(crate) fn mappings(
    entries: &[Entry],
    space: &AddressSpace,
    out: &mut List<'_, Mapping>,
) -> Result<(), PageError> {
    for entry in entries {
        out.push(Mapping::of(entry))?;
    }
    join(0, space.page, out)?;
    let aliases = out.len();
    alias::push(entries, space, out)?;
    join(aliases, space.page, out)?;
    sort::by_key(out, |mapping| mapping.virt);
    Ok(())
}

/// Replaces the mappings of `list` from `first` on by runs of whole pages.
fn join(first: usize, page: u64, list: &mut List<'_, Mapping>) -> Result<(), PageError> {
    let wanted = first..list.len();
    if let Some(wanted) = list.get_mut(wanted.clone()) {
        sort::by_key(wanted, |mapping| mapping.virt);
    }
    let mut before = None::<Mapping>;
    for index in wanted.clone() {
        let Some(&mapping) = list.get(index) else {
            break;
        };
        let whole = mapping.rounded(page)?;
        let last = list.last().filter(|last| whole.virt < last.end());
        match before.filter(|_| last.is_some()) {
            Some(before) => {
                check_meeting(&before, &mapping, page)?;
                push_sharing(&whole, page, list)?;
            }
            None => list.push(whole)?,
        }
        before = before
            .filter(|before| before.end() > mapping.end())
            .or(Some(mapping));
    }
    list.remove(wanted);
    Ok(())
}

/// Checks that `a` and `b` can share a page. `b` does not begin before `a`. Both may overlap if
/// they are mapped alike: some firmware describes memory twice.
fn check_meeting(a: &Mapping, b: &Mapping, page: u64) -> Result<(), PageError> {
    let alike = a.distance() == b.distance() && a.permission == b.permission;
    if b.virt < a.end() && !alike {
        Err(PageError::Overlap(a.phys, b.phys))
    } else if a.distance() != b.distance() {
        Err(PageError::Apart(a.phys, b.phys, page))
    } else if !a.same_memory(b) {
        Err(PageError::Memory(a.phys, b.phys, page))
    } else {
        Ok(())
    }
}

/// Appends `whole`, which begins within the last mapping of `list`. If their permissions differ, it
/// begins in the last page of that mapping.
fn push_sharing(whole: &Mapping, page: u64, list: &mut List<'_, Mapping>) -> Result<(), Full> {
    let end = list.last().map_or(whole.virt, Mapping::end);
    let covered = end.value().saturating_sub(whole.virt.value());
    if let Some(last) = list.last_mut() {
        let bytes = last.phys.bytes();
        let inner = bytes.saturating_sub(page);
        let differs = last.permission != whole.permission;
        if let Some(end) = last.part(inner, bytes).filter(|_| differs) {
            let shared = Mapping {
                permission: end.permission.union(whole.permission),
                shared: true,
                ..end
            };
            match last.part(0, inner) {
                Some(rest) => {
                    *last = rest;
                    list.push(shared)?;
                }
                None => *last = shared,
            }
        }
    }
    match whole.part(covered, whole.phys.bytes()) {
        Some(rest) => list.push(rest),
        None => Ok(()),
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_page)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::{
            Pages,
            PhysAddr,
            PhysRange,
            RangeError,
            VirtAddr, //
        },
        firmware::{
            memtype::{
                Attributes,
                MemoryType, //
            },
            perm::Permission,
        },
        fixtures::{
            entry,
            ARM64,
            ARM64_64K, //
        },
    };

    const R: Permission = Permission::Read;
    const RX: Permission = Permission::ReadExecute;
    const RW: Permission = Permission::ReadWrite;
    const RWX: Permission = Permission::ReadWriteExecute;

    /// Entries at 1:1 addresses, so that there are no aliases: first page, pages, permission.
    fn identity<const N: usize>(
        parts: [(u64, u64, Permission); N],
    ) -> Result<[Entry; N], RangeError> {
        let mut entries = [Entry::BLANK; N];
        for ((page, pages, permission), slot) in parts.into_iter().zip(&mut entries) {
            *slot = Entry {
                permission,
                ..entry(page * PAGE_SIZE, page * PAGE_SIZE, pages)?
            };
        }
        Ok(entries)
    }

    /// Tells if `entries` become these mappings on 64 KiB pages: first page of 64 KiB, pages of 64
    /// KiB, permission, shared.
    fn become_64k(entries: &[Entry], expected: &[(u64, u64, Permission, bool)]) -> bool {
        let mut buffer = [Mapping::BLANK; most(4, ARM64_64K.page)];
        let mut out = List::new(&mut buffer);
        let result = mappings(entries, &ARM64_64K, &mut out);
        let got = out.iter().map(|m| {
            let pages = m.phys.pages().count() / 16;
            (m.virt.value() >> 16, pages, m.permission, m.shared)
        });
        result == Ok(()) && got.eq(expected.iter().copied())
    }

    fn refuse_64k(entries: &[Entry]) -> Option<PageError> {
        let mut buffer = [Mapping::BLANK; most(4, ARM64_64K.page)];
        mappings(entries, &ARM64_64K, &mut List::new(&mut buffer)).err()
    }

    #[test]
    fn pages_of_4_kib_change_nothing() -> Result<(), RangeError> {
        let entries = identity([(0x11, 1, RX), (0x12, 3, RW), (0x15, 1, RW), (0x3, 1, R)])?;
        let mut buffer = [Mapping::BLANK; most(4, ARM64_64K.page)];
        let mut out = List::new(&mut buffer);
        assert_eq!(mappings(&entries, &ARM64, &mut out), Ok(()));
        let order = [3, 0, 1, 2].map(|index| Mapping::of(&entries[index]));
        assert_eq!(*out, order);
        Ok(())
    }

    #[test]
    fn a_page_that_permissions_share_allows_what_either_does() -> Result<(), RangeError> {
        let entries = identity([(0x10, 0x18, RX), (0x28, 0x20, RW), (0x48, 0x18, R)])?;
        let expected = [
            (1, 1, RX, false),
            (2, 1, RWX, true),
            (3, 1, RW, false),
            (4, 1, RW, true),
            (5, 1, R, false),
        ];
        assert!(become_64k(&entries, &expected));
        Ok(())
    }

    #[test]
    fn a_page_that_equal_permissions_share_is_none_of_its_own() -> Result<(), RangeError> {
        let entries = identity([(0x10, 0x18, RX), (0x2a, 0x16, RX), (0x45, 2, RX)])?;
        let expected = [(1, 2, RX, false), (3, 1, RX, false), (4, 1, RX, false)];
        assert!(become_64k(&entries, &expected));
        Ok(())
    }

    #[test]
    fn several_entries_share_one_page() -> Result<(), RangeError> {
        let entries = identity([(0x21, 1, R), (0x22, 1, R), (0x2f, 0x11, RX), (0x24, 1, RW)])?;
        assert!(become_64k(&entries[..2], &[(2, 1, R, false)]));
        assert!(become_64k(
            &entries,
            &[(2, 1, RWX, true), (3, 1, RX, false)]
        ));
        Ok(())
    }

    #[test]
    fn refuses_what_its_pages_cannot_hold() -> Result<(), RangeError> {
        let bad = entry(0x2_1000, 0x4002_2000, 1)?;
        let error = PageError::Unmappable(bad.phys, bad.virt, 0x1_0000);
        assert_eq!(refuse_64k(&[bad]), Some(error));
        Ok(())
    }

    #[test]
    fn refuses_different_memory_in_one_page() -> Result<(), RangeError> {
        let [data, next] = identity([(0x21, 1, RW), (0x22, 1, RW)])?;
        let error = PageError::Memory(data.phys, next.phys, 0x1_0000);
        let device = Entry {
            ty: MemoryType::MAPPED_IO,
            ..next
        };
        assert_eq!(refuse_64k(&[data, device]), Some(error));
        let apart = Entry {
            phys: PhysRange::new(PhysAddr::new(0x3_0000), Pages::new(1))?,
            virt: VirtAddr::new(0x3_0000),
            ..device
        };
        assert_eq!(refuse_64k(&[data, apart]), None);
        // These are mapped alike: firmware's words about caching do not matter.
        let attributes = Attributes::WB;
        assert_eq!(refuse_64k(&[data, Entry { attributes, ..next }]), None);
        Ok(())
    }

    #[test]
    fn refuses_two_places_in_one_page() -> Result<(), RangeError> {
        let a = entry(0x2_1000, 0x4002_1000, 1)?;
        let b = entry(0x5_2000, 0x4002_2000, 1)?;
        let error = PageError::Apart(a.phys, b.phys, 0x1_0000);
        assert_eq!(refuse_64k(&[b, a]), Some(error));
        let c = entry(0x5_1000, 0x4002_1000, 1)?;
        assert_eq!(
            refuse_64k(&[a, c]),
            Some(PageError::Overlap(a.phys, c.phys))
        );
        Ok(())
    }

    #[test]
    fn what_is_described_twice_is_mapped_once() -> Result<(), RangeError> {
        let [all, part, behind, other] = identity([
            (0x18, 0x40, RW),
            (0x28, 2, RW),
            (0x38, 0x30, RW),
            (0x28, 2, RX),
        ])?;
        let once = [(1, 5, RW, false)];
        assert!(become_64k(&[all, all, part], &once));
        let longer = [(1, 5, RW, false), (6, 1, RW, false)];
        assert!(become_64k(&[behind, part, all], &longer));
        let error = PageError::Overlap(all.phys, other.phys);
        assert_eq!(refuse_64k(&[all, other]), Some(error));
        // The entry between them hides no error.
        let late = Entry {
            permission: R,
            ..behind
        };
        let error = PageError::Overlap(all.phys, late.phys);
        assert_eq!(refuse_64k(&[all, part, late]), Some(error));
        Ok(())
    }

    #[test]
    fn most_is_enough_and_less_is_an_error() -> Result<(), RangeError> {
        // Each entry shares a page with the next, and has a page of its own.
        let parts = [(0x18, 0x20, RX), (0x38, 0x20, RW), (0x58, 0x20, R)];
        let mut entries = identity(parts)?;
        for entry in &mut entries {
            entry.virt = VirtAddr::new(entry.virt.value() + (1 << 32));
        }
        let mut buffer = [Mapping::BLANK; most(3, ARM64_64K.page)];
        let mut out = List::new(&mut buffer);
        assert_eq!(mappings(&entries, &ARM64_64K, &mut out), Ok(()));
        assert_eq!(out.len(), 2 * (2 * 3 - 1));
        let used = 5 * 3 - 2;
        let mut short = List::new(&mut buffer[..used - 1]);
        let result = mappings(&entries, &ARM64_64K, &mut short);
        assert_eq!(result, Err(PageError::TooMany(used - 1)));
        let mut just = List::new(&mut buffer[..used]);
        assert_eq!(mappings(&entries, &ARM64_64K, &mut just), Ok(()));

        let used = most(3, ARM64.page);
        let mut short = List::new(&mut buffer[..used - 1]);
        let result = mappings(&entries, &ARM64, &mut short);
        assert_eq!(result, Err(PageError::TooMany(used - 1)));
        let mut just = List::new(&mut buffer[..used]);
        assert_eq!(mappings(&entries, &ARM64, &mut just), Ok(()));
        Ok(())
    }
}
