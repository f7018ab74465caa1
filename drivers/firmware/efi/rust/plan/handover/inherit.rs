// SPDX-License-Identifier: GPL-2.0

//! Checks that the map of an earlier kernel fits the firmware that is there.

use crate::plan::{
    base::{
        addr::{
            PhysRange,
            VirtAddr, //
        },
        kind::Kind,
        list::List,
        ranges::{
            put_in_order,
            InMemory, //
        },
        sort, //
    },
    handover::{
        refusal::InheritError,
        slot::Slot,
        wire::Snapshot, //
    },
    map::{
        entry::Entry,
        layout::AddressSpace, //
    },
};

/// Reads and checks the entries of `slot`, which says what `snapshot` holds. They are in the order of
/// physical addresses then.
///
/// # Errors
///
/// An [`InheritError`] if an entry is malformed, has an address that the kind or the address space
/// rules out, overlaps another, or gives up W^X without the table saying that firmware leaves no
/// choice.
pub(crate) fn entries_of(
    slot: &Slot<'_>,
    snapshot: &Snapshot,
    space: &AddressSpace,
    entries: &mut List<'_, Entry>,
) -> Result<(), InheritError> {
    for entry in slot.entries()? {
        let entry = entry?;
        check_address(snapshot.kind, &entry.phys, entry.virt, space)?;
        if entry.permission.writes() && entry.permission.executes() && !snapshot.writable_code {
            return Err(InheritError::WritableCode(entry.phys));
        }
        entries.push(entry)?;
    }
    if entries.is_empty() {
        return Err(InheritError::NoEntries);
    }
    sort_apart(entries, |entry| entry.virt)
}

/// Checks that `space` has `phys` at `virt`, as a map of `kind` does: in the window, or 1:1 as far
/// as a 1:1 map reaches. An address in the window may happen to be the physical one.
pub(super) fn check_address(
    kind: Kind,
    phys: &PhysRange,
    virt: VirtAddr,
    space: &AddressSpace,
) -> Result<(), InheritError> {
    if !virt.is_page_aligned() {
        return Err(InheritError::Misaligned(*phys, virt));
    }
    if !kind.is_identity() && space.in_window(virt, phys.bytes()) {
        return Ok(());
    }
    if virt == phys.start().identity() {
        space.check_identity(phys)?;
    } else if kind.is_identity() {
        return Err(InheritError::NotIdentity(*phys, virt));
    } else {
        return Err(InheritError::OutsideWindow(*phys, virt, space.window()));
    }
    Ok(())
}

/// Puts `items`, of which `virt` gives the addresses, in the order of physical addresses.
///
/// # Errors
///
/// [`InheritError::Overlap`] if two of them overlap in either address space.
pub(super) fn sort_apart<T: InMemory>(
    items: &mut [T],
    virt: impl Fn(&T) -> VirtAddr,
) -> Result<(), InheritError> {
    sort::by_key(items, |item| (virt(item), item.phys().start()));
    let mut pairs = items.iter().zip(items.iter().skip(1));
    let meet = |(item, next): &(&T, &T)| {
        let end = virt(item).value().saturating_add(item.phys().bytes());
        end > virt(next).value()
    };
    if let Some((item, next)) = pairs.find(meet) {
        return Err(InheritError::Overlap(item.phys(), next.phys()));
    }
    put_in_order(items).map_err(|(item, next)| InheritError::Overlap(item, next))
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_inherit)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::{
            addr::{
                PhysAddr,
                RangeError, //
            },
            kind::Svam,
        },
        firmware::{
            memtype::MemoryType,
            perm::Permission, //
        },
        fixtures::{
            crc32,
            entry,
            range,
            ARM64,
            ARM64_39,
            BLANK_ENTRY,
            X86_64, //
        },
        handover::{
            table_fixtures::{
                blank,
                put,
                table_in, //
            },
            wire::Identity, //
        },
        map::layout::LayoutError,
    };

    const HIGH: u64 = 0xffff_fffe_0000_0000;

    fn snapshot(kind: Kind) -> Snapshot {
        let zero = PhysAddr::new(0);
        Snapshot {
            generation: 0,
            kind,
            svam: Svam::Unknown,
            svam_generation: None,
            forward_cfg: false,
            writable_code: false,
            identity: Identity {
                systab: zero,
                revision: 0,
                vendor_crc: 0,
            },
            runtime: zero,
            config: zero,
            vendor: zero,
        }
    }

    /// Hands `entries` over. Returns how many of them arrive.
    fn hand_over(snapshot: &Snapshot, entries: &[Entry]) -> Result<usize, InheritError> {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, snapshot, entries);
        let slot = table_in(&bytes).and_then(|table| table.current(crc32, |_| ()));
        let mut buffer = [BLANK_ENTRY; 3];
        let mut list = List::new(&mut buffer);
        match slot.ok().flatten() {
            Some(slot) => entries_of(&slot, snapshot, &X86_64, &mut list)?,
            None => return Err(InheritError::NoEntries),
        }
        Ok(list.len())
    }

    #[test]
    fn takes_entries_at_addresses_of_the_kind() -> Result<(), RangeError> {
        let data = entry(0x10_0000, 0x10_0000, 4)?;
        assert_eq!(hand_over(&snapshot(Kind::Ident), &[data]), Ok(1));
        let two = [
            entry(0x10_0000, HIGH, 4)?,
            Entry {
                ty: MemoryType::RUNTIME_SERVICES_CODE,
                ..entry(0x10_4000, HIGH + 0x4000, 1)?
            },
        ];
        assert_eq!(hand_over(&snapshot(Kind::Fixed), &two), Ok(2));
        Ok(())
    }

    #[test]
    fn refuses_each_kind_of_bad_entry() -> Result<(), RangeError> {
        let page = range(0x10_0000, 1)?;
        let at = VirtAddr::new;
        let top = X86_64.fixed_top.value();
        for (kind, phys, virt, error) in [
            (
                Kind::Phys,
                page,
                0x10_1000,
                InheritError::NotIdentity(page, at(0x10_1000)),
            ),
            (
                Kind::Fixed,
                page,
                HIGH + 1,
                InheritError::Misaligned(page, at(HIGH + 1)),
            ),
            (
                Kind::Fixed,
                page,
                top,
                InheritError::OutsideWindow(page, at(top), X86_64.window()),
            ),
            (
                Kind::Fixed,
                page,
                0x1000,
                InheritError::OutsideWindow(page, at(0x1000), X86_64.window()),
            ),
        ] {
            let bad = Entry {
                phys,
                virt: at(virt),
                ..entry(0, 0, 1)?
            };
            assert_eq!(hand_over(&snapshot(kind), &[bad]), Err(error));
        }
        assert_eq!(
            hand_over(&snapshot(Kind::Ident), &[]),
            Err(InheritError::NoEntries)
        );
        Ok(())
    }

    #[test]
    fn only_1_to_1_addresses_need_the_1_to_1_map() -> Result<(), RangeError> {
        let high = range(1 << 39, 1)?;
        let beyond =
            InheritError::Layout(LayoutError::BeyondIdentity(high, PhysAddr::new(1 << 39)));
        let (identity, fixed) = (high.start().identity(), ARM64.layout_top);
        for kind in Kind::ALL {
            assert_eq!(check_address(kind, &high, identity, &ARM64), Ok(()));
            assert_eq!(check_address(kind, &high, identity, &ARM64_39), Err(beyond));
        }
        assert_eq!(check_address(Kind::Fixed, &high, fixed, &ARM64_39), Ok(()));
        let error = InheritError::NotIdentity(high, fixed);
        assert_eq!(
            check_address(Kind::Ident, &high, fixed, &ARM64_39),
            Err(error)
        );
        Ok(())
    }

    #[test]
    fn a_fixed_address_may_be_the_physical_one() -> Result<(), RangeError> {
        let last = range(HIGH, 1)?;
        let same = last.start().identity();
        assert_eq!(check_address(Kind::Fixed, &last, same, &X86_64), Ok(()));
        let error = InheritError::Layout(LayoutError::BeyondIdentity(last, X86_64.identity_end));
        assert_eq!(check_address(Kind::Ident, &last, same, &X86_64), Err(error));
        Ok(())
    }

    #[test]
    fn a_smaller_window_is_named() -> Result<(), RangeError> {
        let page = range(0x4000_0000, 1)?;
        let last = VirtAddr::new((1 << 48) - 0x1000);
        assert_eq!(check_address(Kind::Fixed, &page, last, &ARM64), Ok(()));
        let error = InheritError::OutsideWindow(page, last, ARM64_39.window());
        assert_eq!(
            check_address(Kind::Fixed, &page, last, &ARM64_39),
            Err(error)
        );
        Ok(())
    }

    #[test]
    fn refuses_overlaps_in_either_address_space() -> Result<(), RangeError> {
        for (a, b) in [
            (
                entry(0x10_0000, HIGH, 2)?,
                entry(0x10_1000, HIGH + 0x10_0000, 1)?,
            ),
            (
                entry(0x10_0000, HIGH, 2)?,
                entry(0x10_2000, HIGH + 0x1000, 1)?,
            ),
        ] {
            let error = InheritError::Overlap(a.phys, b.phys);
            assert_eq!(hand_over(&snapshot(Kind::Fixed), &[a, b]), Err(error));
        }
        Ok(())
    }

    #[test]
    fn refuses_writable_code_unless_the_table_says_so() -> Result<(), RangeError> {
        let bad = Entry {
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            permission: Permission::ReadWriteExecute,
            ..entry(0x10_4000, 0x10_4000, 1)?
        };
        let mut snapshot = snapshot(Kind::Ident);
        let error = InheritError::WritableCode(bad.phys);
        assert_eq!(hand_over(&snapshot, &[bad]), Err(error));
        snapshot.writable_code = true;
        assert_eq!(hand_over(&snapshot, &[bad]), Ok(1));
        Ok(())
    }

    #[test]
    fn refuses_more_entries_than_fit() -> Result<(), RangeError> {
        let mut entries = [BLANK_ENTRY; 4];
        for (page, slot) in (0..).zip(entries.iter_mut()) {
            let addr = 0x10_0000 + page * 0x1000;
            *slot = entry(addr, addr, 1)?;
        }
        let error = Err(InheritError::TooMany(3));
        assert_eq!(hand_over(&snapshot(Kind::Ident), &entries), error);
        Ok(())
    }
}
