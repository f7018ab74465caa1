// SPDX-License-Identifier: GPL-2.0

//! Whether the map that an earlier kernel left fits the firmware that is there.

use super::{
    addr::{
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    entry::Entry,
    layout::{
        AddressSpace,
        LayoutError, //
    },
    list::{
        Full,
        List, //
    },
    memmap::MemoryMap,
    region::Region,
    request::Kind,
    wire::{
        Slot,
        SlotError,
        Snapshot, //
    },
};
use core::fmt;

/// Why an inherited map is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InheritError {
    Slot(SlotError),
    Layout(LayoutError),
    NoEntries,
    TooMany(usize),
    OutsideRuntime(PhysRange),
    Misaligned(PhysRange, VirtAddr),
    NotIdentity(PhysRange, VirtAddr),
    OutsideWindow(PhysRange, VirtAddr),
    Overlap(PhysRange, PhysRange),
    WritableCode(PhysRange),
    NotCovered(PhysRange),
    Scattered(PhysRange),
    NotExecutable(&'static str, VirtAddr),
    NotMapped(&'static str, PhysAddr),
}

impl From<SlotError> for InheritError {
    fn from(error: SlotError) -> Self {
        Self::Slot(error)
    }
}

impl From<LayoutError> for InheritError {
    fn from(error: LayoutError) -> Self {
        Self::Layout(error)
    }
}

impl From<Full> for InheritError {
    fn from(full: Full) -> Self {
        Self::TooMany(full.0)
    }
}

impl fmt::Display for InheritError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(error) => error.fmt(f),
            Self::Layout(error) => error.fmt(f),
            Self::NoEntries => f.write_str("no entries"),
            Self::TooMany(limit) => write!(f, "more than {limit} entries"),
            Self::OutsideRuntime(range) => {
                write!(f, "entry {range} is outside the firmware's runtime regions")
            }
            Self::Misaligned(range, virt) => {
                write!(f, "entry {range}: address {virt} does not start on a page")
            }
            Self::NotIdentity(range, virt) => {
                write!(f, "entry {range}: address {virt} in a 1:1 map")
            }
            Self::OutsideWindow(range, virt) => {
                write!(f, "entry {range}: address {virt} is outside the window")
            }
            Self::Overlap(a, b) => write!(f, "entries {a} and {b} overlap"),
            Self::WritableCode(range) => {
                write!(f, "entry {range} is writable and executable")
            }
            Self::NotCovered(range) => write!(f, "no entry for all of runtime region {range}"),
            Self::Scattered(range) => {
                write!(f, "entries move parts of runtime region {range} apart")
            }
            Self::NotExecutable(what, addr) => {
                write!(f, "{what} at {addr} is in no executable range")
            }
            Self::NotMapped(what, addr) => write!(f, "{what} at {addr} is in no range"),
        }
    }
}

/// Reads and checks the entries of `slot`, which says what `snapshot` holds, against `map`.
///
/// # Errors
///
/// An [`InheritError`] if an entry is malformed, lies outside the runtime regions of `map`, has an
/// address that the kind or the address space rules out, overlaps another, or gives up W^X without
/// the table saying that firmware leaves no choice.
pub(crate) fn entries_of(
    slot: &Slot<'_>,
    snapshot: &Snapshot,
    map: &MemoryMap<'_>,
    space: &AddressSpace,
    entries: &mut List<'_, Entry>,
) -> Result<(), InheritError> {
    for entry in slot.entries()? {
        let entry = entry?;
        if !covered(&entry.phys, map.runtime_ranges()) {
            return Err(InheritError::OutsideRuntime(entry.phys));
        }
        check_address(snapshot.kind, &entry.phys, entry.virt, space)?;
        if entry.permission.writes() && entry.permission.executes() && !snapshot.writable_code {
            return Err(InheritError::WritableCode(entry.phys));
        }
        let others = entries.iter().map(|e| (&e.phys, e.virt));
        check_overlap(&entry.phys, entry.virt, others)?;
        entries.push(entry)?;
    }
    if entries.is_empty() {
        return Err(InheritError::NoEntries);
    }
    Ok(())
}

/// Gives each of `regions` the address that `entries` map it at.
///
/// # Errors
///
/// [`InheritError::NotCovered`] if the entries leave a part of a region out, and
/// [`InheritError::Scattered`] if they do not give its parts the same distance in both address
/// spaces: a successor is told one address for each region.
pub(crate) fn place(regions: &mut [Region], entries: &[Entry]) -> Result<(), InheritError> {
    for region in regions {
        let virt = entries
            .iter()
            .find_map(|entry| entry.translate(region.phys.start()))
            .filter(|_| covered(&region.phys, entries.iter().map(|entry| entry.phys)))
            .ok_or(InheritError::NotCovered(region.phys))?;
        // Neither address space wraps within an entry, but the distance between the two may.
        let moved_by = |phys: PhysAddr, virt: VirtAddr| virt.value().wrapping_sub(phys.value());
        let distance = moved_by(region.phys.start(), virt);
        let mut parts = entries.iter().filter(|e| e.phys.overlaps(&region.phys));
        if parts.any(|part| moved_by(part.phys.start(), part.virt) != distance) {
            return Err(InheritError::Scattered(region.phys));
        }
        region.virt = virt;
    }
    Ok(())
}

/// The kind of the map whose addresses `regions`, as a stock kernel handed them over, hold.
///
/// # Errors
///
/// An [`InheritError`] if the addresses are none that a kernel gives.
pub(crate) fn legacy_kind(regions: &[Region], space: &AddressSpace) -> Result<Kind, InheritError> {
    let identity = regions
        .iter()
        .all(|region| region.virt == region.phys.start().identity());
    // Whether SVAM was called with a 1:1 map or not at all makes no difference to a successor.
    let kind = if identity { Kind::Ident } else { Kind::Fixed };
    for (index, region) in regions.iter().enumerate() {
        check_address(kind, &region.phys, region.virt, space)?;
        let others = regions.iter().take(index).map(|r| (&r.phys, r.virt));
        check_overlap(&region.phys, region.virt, others)?;
    }
    Ok(kind)
}

/// Checks that the runtime services table, a physical address, and the first service it holds, at
/// `get_time`, lie where the map has them, as FreeBSD does: firmware that was never converted, or
/// converted to something else, is found out before it is called.
///
/// # Errors
///
/// An [`InheritError`] that names the pointer.
pub(crate) fn check_pointers(
    entries: &[Entry],
    runtime: PhysAddr,
    get_time: VirtAddr,
) -> Result<(), InheritError> {
    if !entries
        .iter()
        .any(|entry| entry.phys.contains_addr(runtime))
    {
        return Err(InheritError::NotMapped("runtime services table", runtime));
    }
    if !entries.iter().any(|entry| entry.executes_at(get_time)) {
        return Err(InheritError::NotExecutable("GetTime", get_time));
    }
    Ok(())
}

fn check_address(
    kind: Kind,
    phys: &PhysRange,
    virt: VirtAddr,
    space: &AddressSpace,
) -> Result<(), InheritError> {
    space.check_identity(phys)?;
    if !virt.is_page_aligned() {
        return Err(InheritError::Misaligned(*phys, virt));
    }
    let identity = virt == phys.start().identity();
    if kind.is_identity() && !identity {
        return Err(InheritError::NotIdentity(*phys, virt));
    }
    if !kind.is_identity() && !identity && !space.in_window(virt, phys.bytes()) {
        return Err(InheritError::OutsideWindow(*phys, virt));
    }
    Ok(())
}

fn check_overlap<'a>(
    phys: &PhysRange,
    virt: VirtAddr,
    others: impl Iterator<Item = (&'a PhysRange, VirtAddr)>,
) -> Result<(), InheritError> {
    let end = virt.value().saturating_add(phys.bytes());
    for (other, other_virt) in others {
        let other_end = other_virt.value().saturating_add(other.bytes());
        let virt_overlaps = virt.value() < other_end && other_virt.value() < end;
        if phys.overlaps(other) || virt_overlaps {
            return Err(InheritError::Overlap(*other, *phys));
        }
    }
    Ok(())
}

/// Whether `ranges` together hold all of `range`.
fn covered(range: &PhysRange, ranges: impl Iterator<Item = PhysRange> + Clone) -> bool {
    let mut cursor = range.start();
    while cursor < range.end() {
        match ranges.clone().find(|part| part.contains_addr(cursor)) {
            Some(part) => cursor = part.end(),
            None => return false,
        }
    }
    true
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_inherit)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        addr::{
            Pages,
            RangeError, //
        },
        decide::Svam,
        entry::split,
        fixtures::{
            code,
            crc32,
            data,
            MapBytes,
            BLANK_ENTRY,
            BLANK_REGION,
            X86_64, //
        },
        memtype::{
            Attributes,
            MemoryType, //
        },
        perm::Permission,
        region::collect,
        wire::{
            encode,
            Identity,
            Table,
            HEADER_SIZE, //
        },
    };

    const HIGH: u64 = 0xffff_fffe_0000_0000;
    const SLOT: usize = 512;
    const SIZE: usize = HEADER_SIZE + 2 * SLOT;

    fn range(start: u64, pages: u64) -> Result<PhysRange, RangeError> {
        PhysRange::new(PhysAddr::new(start), Pages::new(pages))
    }

    fn entry(phys: u64, virt: u64, pages: u64) -> Result<Entry, RangeError> {
        Ok(Entry {
            ty: MemoryType::RUNTIME_SERVICES_DATA,
            attributes: Attributes::RUNTIME,
            phys: range(phys, pages)?,
            virt: VirtAddr::new(virt),
            permission: Permission::ReadWrite,
        })
    }

    fn snapshot(kind: Kind) -> Snapshot {
        let zero = PhysAddr::new(0);
        Snapshot {
            generation: 0,
            kind,
            svam: Svam::Unknown,
            svam_generation: None,
            faulted: false,
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

    /// Hands `entries` over, and checks them against a firmware with data at 1 MiB (4 pages) and
    /// code right behind it (4 pages).
    fn hand_over(snapshot: &Snapshot, entries: &[Entry]) -> Result<usize, InheritError> {
        let map = MapBytes::new(&[data(0x10_0000, 4), code(0x10_4000, 4)]);
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(b"EFIRTMAP");
        bytes[8..12].copy_from_slice(&(SIZE as u32).to_le_bytes());
        bytes[12..16].copy_from_slice(&(SLOT as u32).to_le_bytes());
        encode(
            snapshot,
            entries,
            1,
            crc32,
            &mut bytes[HEADER_SIZE..HEADER_SIZE + SLOT],
        );
        let table = Table::new(&bytes).ok();
        let slot = table.and_then(|table| table.current(crc32, |_| ()).ok()?);
        let mut buffer = [BLANK_ENTRY; 3];
        let mut list = List::new(&mut buffer);
        match slot {
            Some(slot) => entries_of(&slot, snapshot, &map.map(), &X86_64, &mut list)?,
            None => return Err(InheritError::NoEntries),
        }
        Ok(list.len())
    }

    #[test]
    fn takes_entries_within_runtime_regions() -> Result<(), RangeError> {
        let both = entry(0x10_0000, 0x10_0000, 8)?;
        assert_eq!(hand_over(&snapshot(Kind::Ident), &[both]), Ok(1));
        let two = [
            entry(0x10_0000, HIGH, 4)?,
            entry(0x10_4000, HIGH + 0x4000, 1)?,
        ];
        assert_eq!(hand_over(&snapshot(Kind::Fixed), &two), Ok(2));
        Ok(())
    }

    #[test]
    fn refuses_each_kind_of_bad_entry() -> Result<(), RangeError> {
        let below = range(0xf_f000, 2)?;
        let behind = range(0x10_7000, 2)?;
        let page = range(0x10_0000, 1)?;
        let at = VirtAddr::new;
        let top = X86_64.fixed_top.value();
        for (kind, phys, virt, error) in [
            (
                Kind::Ident,
                below,
                0xf_f000,
                InheritError::OutsideRuntime(below),
            ),
            (
                Kind::Ident,
                behind,
                0x10_7000,
                InheritError::OutsideRuntime(behind),
            ),
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
                InheritError::OutsideWindow(page, at(top)),
            ),
            (
                Kind::Fixed,
                page,
                0x1000,
                InheritError::OutsideWindow(page, at(0x1000)),
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

    #[test]
    fn places_regions_that_are_covered() -> Result<(), RangeError> {
        let bytes = MapBytes::new(&[data(0x10_0000, 4)]);
        let mut buffer = [BLANK_REGION; 2];
        let mut regions = List::new(&mut buffer);
        assert!(collect(&bytes.map(), false, &mut regions).is_ok());
        let whole = [
            entry(0x10_0000, HIGH, 1)?,
            entry(0x10_1000, HIGH + 0x1000, 3)?,
        ];
        assert_eq!(place(&mut regions, &whole), Ok(()));
        assert_eq!(regions[0].virt.value(), HIGH);
        let error = InheritError::NotCovered(regions[0].phys);
        assert_eq!(place(&mut regions, &whole[..1]), Err(error));
        assert_eq!(place(&mut regions, &whole[1..]), Err(error));
        let apart = [whole[0], entry(0x10_1000, HIGH + 0x2000, 3)?];
        let error = InheritError::Scattered(regions[0].phys);
        assert_eq!(place(&mut regions, &apart), Err(error));
        Ok(())
    }

    #[test]
    fn legacy_addresses_tell_the_kind() -> Result<(), RangeError> {
        let region = |phys, virt| -> Result<Region, RangeError> {
            Ok(Region {
                phys: range(phys, 1)?,
                virt: VirtAddr::new(virt),
                ..BLANK_REGION
            })
        };
        let identity = [region(0x1000, 0x1000)?, region(0x9000, 0x9000)?];
        assert_eq!(legacy_kind(&identity, &X86_64), Ok(Kind::Ident));
        let fixed = [region(0x1000, HIGH)?, region(0x9000, HIGH + 0x8000)?];
        assert_eq!(legacy_kind(&fixed, &X86_64), Ok(Kind::Fixed));

        let unset = [region(0x1000, 0)?];
        let error = InheritError::OutsideWindow(unset[0].phys, VirtAddr::new(0));
        assert_eq!(legacy_kind(&unset, &X86_64), Err(error));
        let same = [region(0x1000, HIGH)?, region(0x9000, HIGH)?];
        let error = InheritError::Overlap(same[0].phys, same[1].phys);
        assert_eq!(legacy_kind(&same, &X86_64), Err(error));
        Ok(())
    }

    #[test]
    fn pointers_must_lie_in_the_map() -> Result<(), RangeError> {
        let bytes = MapBytes::new(&[data(0x10_0000, 1), code(0x20_0000, 1)]);
        let mut regions = [BLANK_REGION; 2];
        let mut list = List::new(&mut regions);
        assert!(collect(&bytes.map(), false, &mut list).is_ok());
        assert!(X86_64.lay_out_fixed(&mut list).is_ok());
        let mut buffer = [BLANK_ENTRY; 2];
        let mut entries = List::new(&mut buffer);
        assert!(split(&list, &[], &mut entries).is_ok());

        let (table, code) = (PhysAddr::new(0x10_0020), list[1].virt);
        let check = |runtime, get_time| check_pointers(&entries, runtime, get_time);
        assert_eq!(check(table, code), Ok(()));
        assert_eq!(check(table, VirtAddr::new(0x20_0000)), Ok(()));
        let data = list[0].virt;
        assert_eq!(
            check(table, data),
            Err(InheritError::NotExecutable("GetTime", data))
        );
        let stray = PhysAddr::new(0x30_0000);
        let error = InheritError::NotMapped("runtime services table", stray);
        assert_eq!(check(stray, code), Err(error));
        Ok(())
    }
}
