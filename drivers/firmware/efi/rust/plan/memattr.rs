// SPDX-License-Identifier: GPL-2.0

//! The memory attributes table (UEFI 2.10, section 4.6): which parts of the runtime images are code
//! and which are data.

use super::{
    addr::PhysRange,
    bytes::u32_at,
    list::{
        Full,
        List, //
    },
    memmap::{
        Descriptor,
        DESCRIPTOR_SIZE, //
    },
    perm::Permission,
    region::Region,
};
use core::fmt;

/// Bytes before the first entry.
pub(crate) const HEADER_SIZE: usize = 16;

/// More entries than any firmware has: what claims more is taken for damaged, as stock Linux does.
const MAX_ENTRIES: u32 = 65536;

/// More bytes than any descriptor has: the bound keeps [`Header::table_size`] sane.
const MAX_DESCRIPTOR_SIZE: u32 = 4096;

/// Every indirect branch target of the runtime code is marked, so forward-edge control flow
/// checks may stay on during calls.
const FLAG_FORWARD_CFG: u32 = 1 << 0;

/// Why a memory attributes table is not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AttributesError {
    Version(u32),
    DescriptorSize(u32),
    Entries(u32),
    Truncated { expected: usize, got: usize },
}

impl fmt::Display for AttributesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version {version} is neither 1 nor 2"),
            Self::DescriptorSize(size) => {
                write!(
                    f,
                    "descriptor size {size} is no multiple of 8 from 40 to {MAX_DESCRIPTOR_SIZE}"
                )
            }
            Self::Entries(count) => write!(f, "{count} entries are more than {MAX_ENTRIES}"),
            Self::Truncated { expected, got } => {
                write!(f, "{expected} bytes described, {got} there")
            }
        }
    }
}

/// The part of the table before the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    entries: u32,
    desc_size: u32,
    flags: u32,
}

impl Header {
    /// Reads and checks the header at the start of `bytes`.
    ///
    /// # Errors
    ///
    /// An [`AttributesError`] if `bytes` is too short or a field cannot be right.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, AttributesError> {
        let truncated = AttributesError::Truncated {
            expected: HEADER_SIZE,
            got: bytes.len(),
        };
        let field = |offset| u32_at(bytes, offset).ok_or(truncated);
        let (version, entries, desc_size, flags) = (field(0)?, field(4)?, field(8)?, field(12)?);
        if !(1..=2).contains(&version) {
            return Err(AttributesError::Version(version));
        }
        let fits = usize::try_from(desc_size).is_ok_and(|size| size >= DESCRIPTOR_SIZE);
        if !fits || desc_size % 8 != 0 || desc_size > MAX_DESCRIPTOR_SIZE {
            return Err(AttributesError::DescriptorSize(desc_size));
        }
        if entries > MAX_ENTRIES {
            return Err(AttributesError::Entries(entries));
        }
        // Before version 2, the field was reserved.
        let flags = if version < 2 { 0 } else { flags };
        Ok(Self {
            entries,
            desc_size,
            flags,
        })
    }

    /// Bytes of the whole table: at most 256 MiB, by the checks of [`Self::new`].
    pub(crate) fn table_size(&self) -> usize {
        let entries = u64::from(self.entries) * u64::from(self.desc_size);
        usize::try_from(entries).map_or(usize::MAX, |size| size.saturating_add(HEADER_SIZE))
    }

    pub(crate) fn forward_cfg(&self) -> bool {
        self.flags & FLAG_FORWARD_CFG != 0
    }

    pub(crate) fn entries(&self) -> usize {
        usize::try_from(self.entries).unwrap_or(usize::MAX)
    }
}

/// A part of a runtime region with a permission of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Piece {
    pub(crate) phys: PhysRange,
    pub(crate) permission: Permission,
}

impl Piece {
    /// Something to fill buffers with.
    pub(crate) const BLANK: Self = Self {
        phys: PhysRange::FIRST_PAGE,
        permission: Permission::Read,
    };
}

/// Reads the table in `bytes` into `pieces`, an empty list: ordered by address and without overlaps.
/// Returns how many entries were passed over because they are not in one runtime region of their
/// type, or overlap one at a lower address. It takes `n log n` steps however hostile the `n` entries
/// are: this runs before the first process.
///
/// # Errors
///
/// An [`AttributesError`] if the table as a whole cannot be right, or `pieces` has no room for
/// [`Header::entries`].
pub(crate) fn pieces(
    bytes: &[u8],
    regions: &[Region],
    pieces: &mut List<'_, Piece>,
) -> Result<usize, AttributesError> {
    let header = Header::new(bytes)?;
    let table = bytes
        .get(HEADER_SIZE..header.table_size())
        .ok_or(AttributesError::Truncated {
            expected: header.table_size(),
            got: bytes.len(),
        })?;
    let desc_size = usize::try_from(header.desc_size)
        .map_err(|_| AttributesError::DescriptorSize(header.desc_size))?;

    for entry in table.chunks_exact(desc_size).filter_map(Descriptor::read) {
        if let Some(piece) = valid(&entry, regions) {
            pieces
                .push(piece)
                .map_err(|Full(_)| AttributesError::Entries(header.entries))?;
        }
    }
    // Of two for the same range, the one that grants less comes first, and stays.
    pieces.sort_unstable_by_key(|p| (p.phys.start(), p.phys.end(), p.permission.bits()));
    pieces.keep_by(|kept, next| !kept.phys.overlaps(&next.phys));
    Ok(header.entries().saturating_sub(pieces.len()))
}

/// The piece that `entry` describes, if it lies within one runtime region of its own type.
fn valid(entry: &Descriptor, regions: &[Region]) -> Option<Piece> {
    let phys = PhysRange::new(entry.phys, entry.pages).ok()?;
    let holds = |region: &Region| {
        region.ty == entry.ty && !region.is_temporary() && region.phys.contains(&phys)
    };
    let fits = entry.ty.is_runtime_services() && regions.iter().any(holds);
    fits.then_some(Piece {
        phys,
        permission: Permission::of_attributes(entry.attributes),
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
        addr::RangeError,
        fixtures::{
            code,
            data,
            MatBytes,
            BLANK_PIECE, //
        },
        memtype::{
            Attributes,
            MemoryType, //
        },
    };

    const RX: Attributes = Attributes::RO;
    const RW: Attributes = Attributes::XP;

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
    fn refuses_absurd_headers() {
        let header = |version: u32, entries: u32, desc_size: u32| {
            let mut bytes = [0; HEADER_SIZE];
            bytes[0..4].copy_from_slice(&version.to_le_bytes());
            bytes[4..8].copy_from_slice(&entries.to_le_bytes());
            bytes[8..12].copy_from_slice(&desc_size.to_le_bytes());
            Header::new(&bytes)
        };
        assert_eq!(header(0, 0, 48), Err(AttributesError::Version(0)));
        assert_eq!(header(3, 0, 48), Err(AttributesError::Version(3)));
        for size in [0, 39, 44, 4104] {
            assert_eq!(
                header(1, 0, size),
                Err(AttributesError::DescriptorSize(size))
            );
        }
        assert_eq!(header(1, 65537, 48), Err(AttributesError::Entries(65537)));
        assert_eq!(
            header(2, 65536, 40).map(|h| h.table_size()),
            Ok(16 + 65536 * 40)
        );
        let (expected, got) = (HEADER_SIZE, 15);
        assert_eq!(
            Header::new(&[1; 15]),
            Err(AttributesError::Truncated { expected, got })
        );
    }

    #[test]
    fn flags_count_from_version_2() {
        let mut table = MatBytes::new(&[]);
        table.bytes[12] = 1;
        assert_eq!(
            Header::new(table.bytes()).map(|h| h.forward_cfg()),
            Ok(true)
        );
        table.bytes[0] = 1;
        assert_eq!(
            Header::new(table.bytes()).map(|h| h.forward_cfg()),
            Ok(false)
        );
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
        assert_eq!(pieces(table.bytes(), &regions, &mut list), Ok(5));
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].phys.start().value(), 0x10_0000);
        assert_eq!(list[0].permission, Permission::ReadExecute);
        assert_eq!(list[1].permission, Permission::ReadWrite);
        Ok(())
    }

    #[test]
    fn of_two_for_one_range_the_stricter_stays() -> Result<(), RangeError> {
        let range = code(0x10_0000, 1);
        let region = region(range)?;
        for entries in [
            [(range, RX), (range, Attributes(0))],
            [(range, Attributes(0)), (range, RX)],
        ] {
            let mut buffer = [BLANK_PIECE; 2];
            let mut list = List::new(&mut buffer);
            let table = MatBytes::new(&entries);
            assert_eq!(pieces(table.bytes(), &[region], &mut list), Ok(1));
            assert_eq!(list[0].permission, Permission::ReadExecute);
        }
        Ok(())
    }

    #[test]
    fn refuses_a_truncated_table() {
        let table = MatBytes::new(&[(code(0x10_0000, 1), RX)]);
        let got = table.bytes().len() - 1;
        let expected = got + 1;
        assert_eq!(
            pieces(&table.bytes()[..got], &[], &mut List::new(&mut [])),
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
            pieces(table.bytes(), &[region], &mut List::new(&mut buffer)),
            Ok(1)
        );
        Ok(())
    }
}
