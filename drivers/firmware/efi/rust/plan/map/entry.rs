// SPDX-License-Identifier: GPL-2.0

//! Entries: the map as it is installed and handed over. It is split where the permission changes.

use crate::plan::{
    base::{
        addr::{
            Pages,
            PhysAddr,
            PhysRange,
            VirtAddr, //
        },
        list::{
            Full,
            List, //
        },
        ranges::{
            meeting,
            InMemory, //
        },
        sort,
    },
    firmware::{
        memtype::{
            Attributes,
            MemoryType, //
        },
        perm::{
            Basis,
            Permission, //
        },
    },
    map::{
        pieces::Piece,
        region::Region, //
    },
};

/// A range that is mapped with one permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) ty: MemoryType,
    pub(crate) attributes: Attributes,
    pub(crate) phys: PhysRange,
    pub(crate) virt: VirtAddr,
    pub(crate) permission: Permission,
}

impl Entry {
    /// A value to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        ty: MemoryType(0),
        attributes: Attributes::RUNTIME,
        phys: PhysRange::FIRST_PAGE,
        virt: VirtAddr::new(0),
        permission: Permission::Read,
    };

    /// Tells if firmware may execute at `addr`, which is in the map itself or in its 1:1 alias.
    pub(crate) fn executes_at(&self, addr: VirtAddr) -> bool {
        let mapped = addr
            .value()
            .checked_sub(self.virt.value())
            .is_some_and(|offset| offset < self.phys.bytes());
        let alias = self.phys.contains_addr(PhysAddr::new(addr.value()));
        self.permission.executes() && (mapped || alias)
    }
}

impl InMemory for Entry {
    fn phys(&self) -> PhysRange {
        self.phys
    }
}

/// Counts the pages of `entries` that firmware may write and execute. Firmware does not tell which
/// of them hold code, or wants them so.
pub(crate) fn wx_pages(entries: &[Entry]) -> Pages {
    let writable_code = entries
        .iter()
        .filter(|entry| entry.permission.writes() && entry.permission.executes());
    writable_code.fold(Pages::new(0), |sum, entry| {
        Pages::new(sum.count().saturating_add(entry.phys.pages().count()))
    })
}

/// Splits `regions` into `entries`, an empty list, by `pieces`, the parts that the memory attributes
/// table describes. They are in order, and each is in one region. Memory without a piece has the
/// permission that `basis` gives to the region. Temporary regions are left out.
///
/// The entries are in the order of physical addresses, in which successors look at them.
///
/// # Errors
///
/// [`Full`] if there are more entries than fit.
pub(crate) fn split(
    regions: &[Region],
    pieces: &[Piece],
    basis: Basis,
    entries: &mut List<'_, Entry>,
) -> Result<(), Full> {
    for region in regions.iter().filter(|region| !region.is_temporary()) {
        let rest = basis.region(region.ty, region.attributes);
        let mut cursor = region.phys.start();
        for piece in meeting(pieces, &region.phys) {
            add(entries, region, cursor, piece.phys.start(), rest)?;
            add(
                entries,
                region,
                piece.phys.start(),
                piece.phys.end(),
                piece.permission,
            )?;
            cursor = piece.phys.end();
        }
        add(entries, region, cursor, region.phys.end(), rest)?;
    }
    sort::by_key(entries, |entry| entry.phys.start());
    Ok(())
}

/// Adds the part of `region` between `from` and `to`. Joins it to the entry before it if they
/// differ in nothing.
fn add(
    entries: &mut List<'_, Entry>,
    region: &Region,
    from: PhysAddr,
    to: PhysAddr,
    permission: Permission,
) -> Result<(), Full> {
    let Some(phys) = region.phys.between(from, to) else {
        return Ok(());
    };
    let first = from == region.phys.start();
    if let Some(last) = entries
        .last_mut()
        .filter(|last| !first && last.permission == permission)
    {
        if let Some(joined) = last.phys.joined(&phys) {
            last.phys = joined;
            return Ok(());
        }
    }
    let offset = from.value() - region.phys.start().value();
    entries.push(Entry {
        ty: region.ty,
        attributes: region.attributes,
        phys,
        // The layout has checked that the region ends within 64 bits.
        virt: VirtAddr::new(region.virt.value().wrapping_add(offset)),
        permission,
    })
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_entry)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::RangeError,
        fixtures::{
            range,
            BLANK_ENTRY, //
        },
    };

    const RX: Permission = Permission::ReadExecute;
    const RW: Permission = Permission::ReadWrite;
    const RWX: Permission = Permission::ReadWriteExecute;

    fn code(phys: PhysRange, virt: u64) -> Region {
        Region {
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            attributes: Attributes::RUNTIME,
            phys,
            virt: VirtAddr::new(virt),
        }
    }

    #[test]
    fn splits_where_the_permission_changes() -> Result<(), RangeError> {
        let region = code(range(0x10_0000, 8)?, 0xffff_0000_0010_0000);
        let piece = |start, pages, permission| -> Result<Piece, RangeError> {
            let phys = range(start, pages)?;
            Ok(Piece { phys, permission })
        };
        let pieces = [
            piece(0x10_1000, 1, RX)?,
            piece(0x10_2000, 1, RX)?,
            piece(0x10_3000, 2, RW)?,
        ];
        let mut buffer = [BLANK_ENTRY; 8];
        let mut entries = List::new(&mut buffer);
        assert_eq!(
            split(&[region], &pieces, Basis::Table, &mut entries),
            Ok(())
        );
        let got = entries.iter().map(|e| (e.phys, e.permission));
        assert!(got.eq([
            (range(0x10_0000, 1)?, RWX),
            (range(0x10_1000, 2)?, RX),
            (range(0x10_3000, 2)?, RW),
            (range(0x10_5000, 3)?, RWX),
        ]));
        assert!(entries
            .iter()
            .all(|e| e.virt.value() - e.phys.start().value() == 0xffff_0000_0000_0000));
        Ok(())
    }

    #[test]
    fn keeps_regions_apart_and_leaves_temporary_ones_out() -> Result<(), RangeError> {
        let mut temporary = code(range(0x30_0000, 1)?, 0);
        temporary.attributes = Attributes(0);
        let regions = [
            code(range(0, 1)?, 0x9000),
            code(range(0x1000, 1)?, 0x2000),
            temporary,
        ];
        let mut buffer = [BLANK_ENTRY; 8];
        let mut entries = List::new(&mut buffer);
        let basis = Basis::Table;
        assert_eq!(split(&regions, &[], basis, &mut entries), Ok(()));
        assert_eq!(entries.len(), 2);
        assert_eq!(
            split(&regions, &[], basis, &mut List::new(&mut buffer[..1])),
            Err(Full(1))
        );
        Ok(())
    }

    #[test]
    fn counts_pages_that_are_writable_and_executable() -> Result<(), RangeError> {
        assert_eq!(wx_pages(&[]), Pages::new(0));
        let mut entries = [BLANK_ENTRY; 5];
        let parts = [
            (3, RX),
            (5, RWX),
            (7, RW),
            (11, RWX),
            (13, Permission::Read),
        ];
        for ((pages, permission), slot) in parts.into_iter().zip(&mut entries) {
            *slot = Entry {
                permission,
                phys: range(0x10_0000 * pages, pages)?,
                ..BLANK_ENTRY
            };
        }
        assert_eq!(wx_pages(&entries), Pages::new(5 + 11));
        Ok(())
    }

    #[test]
    fn executes_within_bounds() -> Result<(), RangeError> {
        let entry = Entry {
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            attributes: Attributes::RUNTIME,
            phys: range(0x1000, 1)?,
            virt: VirtAddr::new(0x8000),
            permission: RX,
        };
        let runs = |addr| entry.executes_at(VirtAddr::new(addr));
        assert!(runs(0x8000) && runs(0x8fff) && runs(0x1000));
        assert!(!runs(0x7fff) && !runs(0x9000) && !runs(0x2000));
        Ok(())
    }
}
