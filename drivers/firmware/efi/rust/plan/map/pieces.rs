// SPDX-License-Identifier: GPL-2.0

//! Pieces: the parts of regions, code or data, that the memory attributes table describes.

use crate::plan::{
    base::{
        addr::PhysRange,
        list::{
            Full,
            List, //
        },
        ranges::{
            meeting,
            InMemory, //
        },
        sort, //
    },
    firmware::{
        memattr::{
            AttributesError,
            Header, //
        },
        memmap::Descriptor,
        perm::{
            Basis,
            Permission, //
        },
    },
    map::region::Region,
};

/// A part of a runtime region with a permission of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) phys: PhysRange,
    pub(crate) permission: Permission,
}

impl Piece {
    /// A value to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        phys: PhysRange::FIRST_PAGE,
        permission: Permission::Read,
    };
}

impl InMemory for Piece {
    fn phys(&self) -> PhysRange {
        self.phys
    }
}

/// Reads the table in `bytes` into `pieces`, an empty list, by address and without overlaps.
/// Returns the number of entries that were skipped: they are not in one runtime region of their
/// type, or they overlap an entry at a lower address. A table that gives up W^X is accepted.
///
/// This runs before the first process. Even hostile entries are compared only with the regions, not
/// with each other.
///
/// # Errors
///
/// An [`AttributesError`] if the table as a whole is not valid, or if `pieces` has no room for
/// [`Header::entries`]. Then the list is empty: the permissions are those of the regions' types.
pub(crate) fn pieces(
    bytes: &[u8],
    regions: &[Region],
    basis: Basis,
    pieces: &mut List<'_, Piece>,
) -> Result<usize, AttributesError> {
    let read = read(bytes, regions, basis, pieces);
    let checked = read.and_then(|ignored| check(pieces, regions, basis).map(|()| ignored));
    if checked.is_err() {
        pieces.remove(0..pieces.len());
    }
    checked
}

fn read(
    bytes: &[u8],
    regions: &[Region],
    basis: Basis,
    pieces: &mut List<'_, Piece>,
) -> Result<usize, AttributesError> {
    let header = Header::new(bytes)?;
    for entry in header.descriptors(bytes)? {
        if let Some(piece) = valid(&entry, regions, basis) {
            pieces
                .push(piece)
                .map_err(|Full(_)| AttributesError::Entries(header.entries))?;
        }
    }
    // Of two pieces for the same range, the one with fewer rights comes first, and stays.
    sort::by_key(pieces, |p| {
        (p.phys.start(), p.phys.end(), p.permission.bits())
    });
    pieces.keep_by(|kept, next| !kept.phys.overlaps(&next.phys));
    Ok(header.entries().saturating_sub(pieces.len()))
}

/// Checks that `pieces` leave firmware memory to write and memory to execute. Some tables mark all
/// memory alike (acidanthera/bugtracker#491), and no firmware works with that.
fn check(pieces: &[Piece], regions: &[Region], basis: Basis) -> Result<(), AttributesError> {
    let services = regions
        .iter()
        .filter(|region| region.ty.is_runtime_services());
    let mut any = Permission::Read;
    for region in services.clone() {
        let inside = meeting(pieces, &region.phys).iter();
        let pages = inside.clone().map(|piece| piece.phys.pages().count());
        any = inside.fold(any, |any, piece| any.union(piece.permission));
        // Pieces do not overlap. So they cover the region if they have as many pages.
        if pages.sum::<u64>() < region.phys.pages().count() {
            any = any.union(basis.region(region.ty, region.attributes));
        }
    }
    let code = services
        .clone()
        .any(|region| basis.region(region.ty, region.attributes).executes());
    match (any.writes(), any.executes()) {
        (false, _) if services.count() > 0 => Err(AttributesError::NothingWritable),
        (_, false) if code => Err(AttributesError::NothingExecutable),
        _ => Ok(()),
    }
}

/// The piece that `entry` describes, if it is within one runtime region of its own type.
fn valid(entry: &Descriptor, regions: &[Region], basis: Basis) -> Option<Piece> {
    let phys = PhysRange::new(entry.phys, entry.pages).ok()?;
    let holds = |region: &&Region| {
        region.ty == entry.ty && !region.is_temporary() && region.phys.contains(&phys)
    };
    let home = regions
        .iter()
        .filter(|_| entry.ty.is_runtime_services())
        .find(holds)?;
    Some(Piece {
        phys,
        permission: basis.part(home.ty, home.attributes, entry.attributes),
    })
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_memattr)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::addr::{
            Pages,
            RangeError, //
        },
        firmware::memtype::{
            Attributes,
            MemoryType, //
        },
        fixtures::{
            code,
            data,
            descriptor,
            MatBytes,
            BLANK_PIECE, //
        },
    };

    const RX: Attributes = Attributes::RO;
    const RW: Attributes = Attributes::XP;
    const BASIS: Basis = Basis::Table;

    fn region(descriptor: Descriptor) -> Result<Region, RangeError> {
        let phys = PhysRange::new(descriptor.phys, descriptor.pages)?;
        Ok(Region {
            ty: descriptor.ty,
            attributes: descriptor.attributes,
            phys,
            virt: descriptor.virt,
        })
    }

    #[test]
    fn sorts_pieces_and_passes_over_what_does_not_fit() -> Result<(), RangeError> {
        let table = MatBytes::new(&[
            (code(0x10_2000, 1), RW),
            (code(0x10_0000, 1), RX),
            (code(0x10_0000, 2), RX), // overlaps the one before
            (data(0x10_1000, 1), RW), // of another type than its region
            (code(0x10_3000, 2), RX), // beyond its region
            (code(0x90_0000, 1), RX), // in no region
            (data(0x20_0000, 0), RW), // empty
        ]);
        let regions = [region(code(0x10_0000, 4))?, region(data(0x20_0000, 1))?];
        let mut buffer = [BLANK_PIECE; 8];
        let mut list = List::new(&mut buffer);
        assert_eq!(pieces(table.bytes(), &regions, BASIS, &mut list), Ok(5));
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].phys.start().value(), 0x10_0000);
        assert_eq!(list[0].permission, Permission::ReadExecute);
        assert_eq!(list[1].permission, Permission::ReadWrite);
        Ok(())
    }

    #[test]
    fn of_two_for_one_range_the_stricter_stays() -> Result<(), RangeError> {
        let range = code(0x10_0000, 1);
        let (region, other) = (region(range)?, region(data(0x20_0000, 1))?);
        for entries in [
            [(range, RX), (range, Attributes(0))],
            [(range, Attributes(0)), (range, RX)],
        ] {
            let mut buffer = [BLANK_PIECE; 2];
            let mut list = List::new(&mut buffer);
            let table = MatBytes::new(&entries);
            let result = pieces(table.bytes(), &[region, other], BASIS, &mut list);
            assert_eq!(result, Ok(1));
            assert_eq!(list[0].permission, Permission::ReadExecute);
        }
        Ok(())
    }

    /// Reads a table with `entries` for a region of code and a region of data, of two pages each.
    /// There are also regions that no such table describes.
    fn read_all(
        entries: &[(Descriptor, Attributes)],
    ) -> Result<Result<usize, AttributesError>, RangeError> {
        let regions = [
            region(code(0x10_0000, 2))?,
            region(data(0x20_0000, 2))?,
            region(descriptor(MemoryType::MAPPED_IO, 0x30_0000, 1))?,
            region(descriptor(MemoryType::BOOT_SERVICES_CODE, 0x40_0000, 1))?,
        ];
        let mut buffer = [BLANK_PIECE; 4];
        let mut list = List::new(&mut buffer);
        let result = pieces(MatBytes::new(entries).bytes(), &regions, BASIS, &mut list);
        Ok(match result {
            Ok(_) => Ok(list.len()),
            Err(error) if list.is_empty() => Err(error),
            Err(_) => Ok(usize::MAX),
        })
    }

    #[test]
    fn firmware_must_be_able_to_write() -> Result<(), RangeError> {
        let (code, data) = (code(0x10_0000, 2), data(0x20_0000, 2));
        for read_only in [RX, Attributes::RO.with(Attributes::XP)] {
            let all = [(code, read_only), (data, read_only)];
            assert_eq!(read_all(&all)?, Err(AttributesError::NothingWritable));
            // Data that the table does not describe has the permission of its type.
            if read_only == RX {
                assert_eq!(read_all(&all[..1])?, Ok(1));
            }
        }
        assert_eq!(read_all(&[(code, RX), (data, RW)])?, Ok(2));
        let half = Descriptor {
            pages: Pages::new(1),
            ..data
        };
        assert_eq!(read_all(&[(code, RX), (half, Attributes::RO)])?, Ok(2));
        Ok(())
    }

    #[test]
    fn firmware_must_be_able_to_execute() -> Result<(), RangeError> {
        let (code, data) = (code(0x10_0000, 2), data(0x20_0000, 2));
        let error = Err(AttributesError::NothingExecutable);
        assert_eq!(read_all(&[(code, RW), (data, RW)])?, error);
        assert_eq!(read_all(&[(code, RW)])?, error);
        assert_eq!(read_all(&[(data, RW)])?, Ok(1));
        let half = Descriptor {
            pages: Pages::new(1),
            ..code
        };
        assert_eq!(read_all(&[(half, RW)])?, Ok(1));
        Ok(())
    }

    #[test]
    fn a_table_that_grants_everything_is_used() -> Result<(), RangeError> {
        let all = Attributes(0);
        let table = [(code(0x10_0000, 2), all), (data(0x20_0000, 2), all)];
        assert_eq!(read_all(&table)?, Ok(2));
        assert_eq!(read_all(&[])?, Ok(0));
        Ok(())
    }

    #[test]
    fn refuses_a_truncated_table() {
        let table = MatBytes::new(&[(code(0x10_0000, 1), RX)]);
        let got = table.bytes().len() - 1;
        let expected = got + 1;
        assert_eq!(
            pieces(&table.bytes()[..got], &[], BASIS, &mut List::new(&mut [])),
            Err(AttributesError::Truncated { expected, got })
        );
    }

    #[test]
    fn ignores_boot_services_memory() -> Result<(), RangeError> {
        let mut boot = data(0x10_0000, 1);
        boot.ty = MemoryType::BOOT_SERVICES_DATA;
        let table = MatBytes::new(&[(boot, RW)]);
        let region = region(boot)?;
        let mut buffer = [BLANK_PIECE; 1];
        assert_eq!(
            pieces(table.bytes(), &[region], BASIS, &mut List::new(&mut buffer)),
            Ok(1)
        );
        Ok(())
    }
}
