// SPDX-License-Identifier: GPL-2.0

//! The handover table as bytes. The format is defined in `include/linux/efi-rtmap-table.h`.
//!
//! This module knows how the table is written and whether it is intact, of this firmware, and
//! understood. Whether its map fits the firmware's own is for [`super::inherit`] to check.

use super::{
    addr::{
        Pages,
        PhysAddr,
        PhysRange,
        RangeError,
        VirtAddr, //
    },
    bytes::{
        u16_at,
        u32_at,
        u64_at,
        Writer, //
    },
    decide::{
        Latch,
        Svam, //
    },
    entry::Entry,
    memtype::{
        Attributes,
        MemoryType, //
    },
    perm::Permission,
    request::Kind,
};
use core::fmt;

/// Bytes of the table before the slots.
pub(crate) const HEADER_SIZE: usize = 64;
const SLOT_HEADER_SIZE: usize = 96;
const ENTRY_SIZE: usize = 40;
const MAGIC: u64 = u64::from_le_bytes(*b"EFIRTMAP");
const MAJOR: u16 = 1;
const MINOR: u16 = 0;

/// Offset of the in-call mark: the service, then the count of calls.
pub(crate) const CALL_SERVICE_OFFSET: usize = 16;
pub(crate) const CALL_COUNT_OFFSET: usize = 20;

const FLAG_FAULTED: u32 = 1 << 0;
const FLAG_FORWARD_CFG: u32 = 1 << 1;
const FLAG_WRITABLE_CODE: u32 = 1 << 2;
const ALL_FLAGS: u32 = FLAG_FAULTED | FLAG_FORWARD_CFG | FLAG_WRITABLE_CODE;

/// CRC-32 as Ethernet and zlib compute it. The caller has one; the plan does not bring its own.
pub(crate) type Crc32 = fn(&[u8]) -> u32;

/// What tells one firmware's life from another's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    /// Physical address of the EFI system table.
    pub(crate) systab: PhysAddr,
    /// `FirmwareRevision` of the system table.
    pub(crate) revision: u32,
    /// CRC-32 of the bytes of `FirmwareVendor`.
    pub(crate) vendor_crc: u32,
}

/// What one kernel tells the next, but for the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    pub(crate) generation: u32,
    pub(crate) kind: Kind,
    pub(crate) svam: Svam,
    /// The generation that called SVAM, if one is known to have.
    pub(crate) svam_generation: Option<u32>,
    /// Firmware faulted or hung in this or an earlier kernel.
    pub(crate) faulted: bool,
    /// Forward-edge control flow checks may stay on during calls.
    pub(crate) forward_cfg: bool,
    /// Firmware describes its code so badly that ranges are writable and executable at once.
    pub(crate) writable_code: bool,
    pub(crate) identity: Identity,
    /// Physical addresses that SVAM hides: the runtime services table, the configuration tables
    /// and the vendor string.
    pub(crate) runtime: PhysAddr,
    pub(crate) config: PhysAddr,
    pub(crate) vendor: PhysAddr,
}

/// Why memory holds no handover table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TableError {
    Magic(u64),
    Size {
        size: u32,
        slot_size: u32,
    },
    Truncated(usize),
    /// Neither slot is intact. Carries what is wrong with the one that was written, or the first.
    Slots(SlotError),
}

/// Why a slot, or an entry in it, is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlotError {
    Length(u32),
    Crc { stored: u32, computed: u32 },
    Version(u16, u16),
    Kind(u32),
    Svam(u32),
    State(Kind, Svam),
    Flags(u32),
    Entries { offset: u32, size: u32, count: u32 },
    OtherFirmware,
    EntryRange(RangeError),
    EntryPermission(PhysRange, u32),
}

impl From<RangeError> for SlotError {
    fn from(error: RangeError) -> Self {
        Self::EntryRange(error)
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic(magic) => write!(f, "magic is {magic:#018x}"),
            Self::Size { size, slot_size } => {
                write!(f, "size {size} cannot hold two slots of {slot_size} bytes")
            }
            Self::Truncated(got) => write!(f, "only {got} bytes"),
            Self::Slots(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for SlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "slot length {length} cannot be right"),
            Self::Crc { stored, computed } => {
                write!(f, "CRC is {computed:#010x}, not {stored:#010x} as recorded")
            }
            Self::Version(major, minor) => {
                write!(
                    f,
                    "version {major}.{minor} is not understood by {MAJOR}.{MINOR}"
                )
            }
            Self::Kind(kind) => write!(f, "unknown map kind {kind}"),
            Self::Svam(svam) => write!(f, "unknown SVAM state {svam}"),
            Self::State(kind, svam) => write!(f, "map kind {kind} cannot follow SVAM state {svam}"),
            Self::Flags(flags) => write!(f, "unknown flags {:#x}", flags & !ALL_FLAGS),
            Self::Entries {
                offset,
                size,
                count,
            } => write!(
                f,
                "{count} entries of {size} bytes at {offset} do not fit the slot"
            ),
            Self::OtherFirmware => f.write_str("it was made for another firmware"),
            Self::EntryRange(error) => write!(f, "entry: {error}"),
            Self::EntryPermission(range, bits) => {
                write!(f, "entry {range}: unknown permission {bits:#x}")
            }
        }
    }
}

/// The memory of a table, whose frame has been checked.
///
/// # Invariants
///
/// `bytes` holds the header and two slots of `slot_size` bytes, each large enough for its own
/// header.
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    slot_size: usize,
}

/// Which of the two slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SlotId {
    First,
    Second,
}

impl SlotId {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// A slot that is intact: whole, and with the CRC it was written with.
///
/// # Invariants
///
/// `bytes` is at least [`SLOT_HEADER_SIZE`] long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) id: SlotId,
    bytes: &'a [u8],
}

impl<'a> Table<'a> {
    /// Reads the size of the table whose header `bytes` begins with.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if this is no table or its sizes cannot be right.
    pub(crate) fn size(bytes: &[u8]) -> Result<usize, TableError> {
        let truncated = TableError::Truncated(bytes.len());
        let magic = u64_at(bytes, 0).ok_or(truncated)?;
        if magic != MAGIC {
            return Err(TableError::Magic(magic));
        }
        let size = u32_at(bytes, 8).ok_or(truncated)?;
        let slot_size = u32_at(bytes, 12).ok_or(truncated)?;
        let error = TableError::Size { size, slot_size };
        let total = usize::try_from(size).map_err(|_| error)?;
        let slot = usize::try_from(slot_size).map_err(|_| error)?;
        let needed = slot.checked_mul(2).and_then(|n| n.checked_add(HEADER_SIZE));
        if slot < SLOT_HEADER_SIZE || slot % 8 != 0 || needed.is_none_or(|n| n > total) {
            return Err(error);
        }
        Ok(total)
    }

    /// Takes `bytes` as a table.
    ///
    /// # Errors
    ///
    /// A [`TableError`] if it is none or not all of it is there.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, TableError> {
        let truncated = TableError::Truncated(bytes.len());
        let bytes = bytes.get(..Self::size(bytes)?).ok_or(truncated)?;
        let slot_size = u32_at(bytes, 12).and_then(|size| usize::try_from(size).ok());
        // INVARIANT: `size` has checked that two such slots fit `bytes`, and their headers them.
        Ok(Self {
            bytes,
            slot_size: slot_size.ok_or(truncated)?,
        })
    }

    /// Where a slot begins, from the start of the table.
    pub(crate) fn slot_offset(&self, id: SlotId) -> usize {
        // By the type invariants this is within `bytes`.
        match id {
            SlotId::First => HEADER_SIZE,
            SlotId::Second => HEADER_SIZE + self.slot_size,
        }
    }

    /// Bytes of one slot.
    pub(crate) fn slot_size(&self) -> usize {
        self.slot_size
    }

    /// The in-call mark that the last kernel left.
    pub(crate) fn latch(&self) -> Latch {
        match (
            u32_at(self.bytes, CALL_SERVICE_OFFSET),
            u32_at(self.bytes, CALL_COUNT_OFFSET),
        ) {
            (Some(service), Some(count)) if service != 0 => Latch::InCall { service, count },
            _ => Latch::Clear,
        }
    }

    /// Finds the slot written last among those that are intact, and tells `damaged` of the others.
    /// [`None`] if no kernel has written one yet.
    ///
    /// # Errors
    ///
    /// [`TableError::Slots`] if one was written but none is intact.
    pub(crate) fn current(
        &self,
        crc: Crc32,
        mut damaged: impl FnMut(SlotError),
    ) -> Result<Option<Slot<'a>>, TableError> {
        let (mut newest, mut error) = (None::<Slot<'a>>, None);
        for id in [SlotId::First, SlotId::Second] {
            match self.slot(id, crc) {
                Ok(Some(slot)) => {
                    let newer = newest.is_none_or(|old| slot.sequence() > old.sequence());
                    newest = if newer { Some(slot) } else { newest };
                }
                Ok(None) => (),
                Err(found) => {
                    damaged(found);
                    error = Some(error.unwrap_or(found));
                }
            }
        }
        match (newest, error) {
            (None, Some(error)) => Err(TableError::Slots(error)),
            (newest, _) => Ok(newest),
        }
    }

    fn slot(&self, id: SlotId, crc: Crc32) -> Result<Option<Slot<'a>>, SlotError> {
        let start = self.slot_offset(id);
        let bytes = start
            .checked_add(self.slot_size)
            .and_then(|end| self.bytes.get(start..end))
            .unwrap_or_default();
        let field = |offset| u32_at(bytes, offset).unwrap_or(0);
        let (stored, length) = (field(0), field(4));
        if length == 0 && stored == 0 {
            return Ok(None);
        }
        let used = usize::try_from(length).map_err(|_| SlotError::Length(length))?;
        let bytes = bytes
            .get(..used)
            .filter(|bytes| bytes.len() >= SLOT_HEADER_SIZE)
            .ok_or(SlotError::Length(length))?;
        let computed = crc(bytes.get(4..).unwrap_or_default());
        if computed != stored {
            return Err(SlotError::Crc { stored, computed });
        }
        // INVARIANT: the length has been checked above.
        Ok(Some(Slot { id, bytes }))
    }
}

impl<'a> Slot<'a> {
    pub(crate) fn sequence(&self) -> u32 {
        // By the type invariants the field is there.
        u32_at(self.bytes, 12).unwrap_or(0)
    }

    /// Reads the slot for the firmware that `identity` describes.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if it is for another one, or says what this version does not understand.
    pub(crate) fn snapshot(&self, identity: &Identity) -> Result<Snapshot, SlotError> {
        let bytes = self.bytes;
        // By the type invariants all fields are there.
        let field = |offset| u32_at(bytes, offset).unwrap_or(0);
        let address = |offset| PhysAddr::new(u64_at(bytes, offset).unwrap_or(0));

        let (major, minor) = (
            u16_at(bytes, 8).unwrap_or(0),
            u16_at(bytes, 10).unwrap_or(0),
        );
        if major != MAJOR {
            return Err(SlotError::Version(major, minor));
        }
        let kind = Kind::from_number(field(20)).ok_or(SlotError::Kind(field(20)))?;
        let svam = Svam::from_number(field(24)).ok_or(SlotError::Svam(field(24)))?;
        if !svam.allows(kind) {
            return Err(SlotError::State(kind, svam));
        }
        let flags = field(28);
        if flags & !ALL_FLAGS != 0 {
            return Err(SlotError::Flags(flags));
        }
        let recorded = Identity {
            systab: address(48),
            revision: field(56),
            vendor_crc: field(60),
        };
        if recorded != *identity {
            return Err(SlotError::OtherFirmware);
        }
        Ok(Snapshot {
            generation: field(16),
            kind,
            svam,
            svam_generation: Some(field(44)).filter(|&generation| generation != u32::MAX),
            faulted: flags & FLAG_FAULTED != 0,
            forward_cfg: flags & FLAG_FORWARD_CFG != 0,
            writable_code: flags & FLAG_WRITABLE_CODE != 0,
            identity: recorded,
            runtime: address(64),
            config: address(72),
            vendor: address(80),
        })
    }

    /// Reads the entries: each well-formed, nothing else about them checked.
    ///
    /// # Errors
    ///
    /// A [`SlotError`] if they do not fit the slot.
    pub(crate) fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<Entry, SlotError>> + 'a, SlotError> {
        // By the type invariants the fields are there.
        let field = |offset| u32_at(self.bytes, offset).unwrap_or(0);
        let (offset, size, count) = (field(32), field(36), field(40));
        let error = SlotError::Entries {
            offset,
            size,
            count,
        };
        let number = |value: u32| usize::try_from(value).map_err(|_| error);
        let (start, step) = (number(offset)?, number(size)?);
        if start < SLOT_HEADER_SIZE || step < ENTRY_SIZE {
            return Err(error);
        }
        let bytes = step
            .checked_mul(number(count)?)
            .and_then(|len| start.checked_add(len))
            .and_then(|end| self.bytes.get(start..end))
            .ok_or(error)?;
        Ok(bytes.chunks_exact(step).map(read_entry))
    }
}

fn read_entry(bytes: &[u8]) -> Result<Entry, SlotError> {
    // Every chunk is at least `ENTRY_SIZE` long, so all fields are there.
    let long = |offset| u64_at(bytes, offset).unwrap_or(0);
    let phys = PhysRange::new(PhysAddr::new(long(0)), Pages::new(long(16)))?;
    let bits = u32_at(bytes, 36).unwrap_or(0);
    Ok(Entry {
        ty: MemoryType(u32_at(bytes, 32).unwrap_or(0)),
        attributes: Attributes(long(24)),
        phys,
        virt: VirtAddr::new(long(8)),
        permission: Permission::from_bits(bits).ok_or(SlotError::EntryPermission(phys, bits))?,
    })
}

/// Writes `snapshot` and `entries` into `slot` under the number `sequence`. Returns how many bytes
/// that takes, or [`None`] if they do not fit.
pub(crate) fn encode(
    snapshot: &Snapshot,
    entries: &[Entry],
    sequence: u32,
    crc: Crc32,
    slot: &mut [u8],
) -> Option<usize> {
    let length = entries
        .len()
        .checked_mul(ENTRY_SIZE)?
        .checked_add(SLOT_HEADER_SIZE)?;
    let slot = slot.get_mut(..length)?;
    let flag = |set: bool, bit: u32| if set { bit } else { 0 };
    let flags = flag(snapshot.faulted, FLAG_FAULTED)
        | flag(snapshot.forward_cfg, FLAG_FORWARD_CFG)
        | flag(snapshot.writable_code, FLAG_WRITABLE_CODE);

    let mut out = Writer::new(slot);
    out.put_u32(0)?; // the CRC, when all else is there
    out.put_u32(u32::try_from(length).ok()?)?;
    out.put_u16(MAJOR)?;
    out.put_u16(MINOR)?;
    out.put_u32(sequence)?;
    out.put_u32(snapshot.generation)?;
    out.put_u32(snapshot.kind as u32)?;
    out.put_u32(snapshot.svam as u32)?;
    out.put_u32(flags)?;
    out.put_u32(u32::try_from(SLOT_HEADER_SIZE).ok()?)?;
    out.put_u32(u32::try_from(ENTRY_SIZE).ok()?)?;
    out.put_u32(u32::try_from(entries.len()).ok()?)?;
    out.put_u32(snapshot.svam_generation.unwrap_or(u32::MAX))?;
    out.put_u64(snapshot.identity.systab.value())?;
    out.put_u32(snapshot.identity.revision)?;
    out.put_u32(snapshot.identity.vendor_crc)?;
    out.put_u64(snapshot.runtime.value())?;
    out.put_u64(snapshot.config.value())?;
    out.put_u64(snapshot.vendor.value())?;
    out.put_u64(0)?;
    for entry in entries {
        out.put_u64(entry.phys.start().value())?;
        out.put_u64(entry.virt.value())?;
        out.put_u64(entry.phys.pages().count())?;
        out.put_u64(entry.attributes.0)?;
        out.put_u32(entry.ty.0)?;
        out.put_u32(entry.permission.bits())?;
    }
    let checksum = crc(slot.get(4..)?).to_le_bytes();
    slot.get_mut(..4)?.copy_from_slice(&checksum);
    Some(length)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::fixtures::{
        crc32,
        BLANK_ENTRY, //
    };

    const SLOT: usize = 256;
    const SIZE: usize = HEADER_SIZE + 2 * SLOT;

    const SNAPSHOT: Snapshot = Snapshot {
        generation: 3,
        kind: Kind::Ident,
        svam: Svam::CalledIdent,
        svam_generation: Some(0),
        faulted: false,
        forward_cfg: true,
        writable_code: false,
        identity: Identity {
            systab: PhysAddr::new(0x3f00_0018),
            revision: 0x1_0000,
            vendor_crc: 0xdead_beef,
        },
        runtime: PhysAddr::new(0x3f00_1000),
        config: PhysAddr::new(0x3f00_2000),
        vendor: PhysAddr::new(0x3f00_3000),
    };

    /// A table as the stub leaves it.
    fn blank() -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(b"EFIRTMAP");
        bytes[8..12].copy_from_slice(&(SIZE as u32).to_le_bytes());
        bytes[12..16].copy_from_slice(&(SLOT as u32).to_le_bytes());
        bytes
    }

    fn put(bytes: &mut [u8], slot: usize, sequence: u32, snapshot: &Snapshot, entries: &[Entry]) {
        let start = HEADER_SIZE + slot * SLOT;
        encode(
            snapshot,
            entries,
            sequence,
            crc32,
            &mut bytes[start..start + SLOT],
        );
    }

    /// Changes a field of the first slot, and makes its CRC right again.
    fn patch(bytes: &mut [u8], offset: usize, value: u32) {
        let slot = &mut bytes[HEADER_SIZE..];
        slot[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        let length = u32_at(slot, 4).unwrap_or(0) as usize;
        let crc = crc32(&slot[4..length]);
        slot[..4].copy_from_slice(&crc.to_le_bytes());
    }

    fn snapshot(bytes: &[u8]) -> Option<Result<Snapshot, SlotError>> {
        let slot = Table::new(bytes).ok()?.current(crc32, |_| ()).ok()??;
        Some(slot.snapshot(&SNAPSHOT.identity))
    }

    #[test]
    fn a_new_table_is_empty() {
        let bytes = blank();
        let table = Table::new(&bytes);
        assert_eq!(table.as_ref().map(|t| t.latch()).ok(), Some(Latch::Clear));
        let current = table.and_then(|t| t.current(crc32, |_| ()).map(|slot| slot.is_none()));
        assert_eq!(current, Ok(true));
    }

    #[test]
    fn decode_of_encode_is_identity() {
        let mut bytes = blank();
        let second = Entry {
            permission: Permission::ReadExecute,
            ty: MemoryType::RUNTIME_SERVICES_CODE,
            virt: VirtAddr::new(0xffff_fffe_0000_0000),
            ..BLANK_ENTRY
        };
        put(&mut bytes, 1, 1, &SNAPSHOT, &[BLANK_ENTRY, second]);
        assert_eq!(snapshot(&bytes), Some(Ok(SNAPSHOT)));
        let table = Table::new(&bytes);
        let slot = table
            .as_ref()
            .ok()
            .and_then(|t| t.current(crc32, |_| ()).ok()?);
        assert_eq!(slot.map(|slot| slot.id), Some(SlotId::Second));
        let entries = slot.and_then(|slot| slot.entries().ok());
        assert!(entries.is_some_and(|list| list.eq([Ok(BLANK_ENTRY), Ok(second)])));
    }

    #[test]
    fn the_slot_written_last_counts() {
        for (first, second, generation) in [(1, 2, 9), (2, 1, 3), (u32::MAX, 1, 3)] {
            let mut bytes = blank();
            let newer = Snapshot {
                generation: 9,
                ..SNAPSHOT
            };
            put(&mut bytes, 0, first, &SNAPSHOT, &[]);
            put(&mut bytes, 1, second, &newer, &[]);
            let got = snapshot(&bytes).map(|s| s.map(|s| s.generation));
            assert_eq!(got, Some(Ok(generation)));
        }
    }

    #[test]
    fn a_damaged_slot_leaves_the_other() {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
        put(&mut bytes, 1, 2, &SNAPSHOT, &[]);
        bytes[HEADER_SIZE + SLOT + 16] ^= 1;
        let mut damage = 0;
        let current = Table::new(&bytes).and_then(|t| {
            let slot = t.current(crc32, |_| damage += 1)?;
            Ok(slot.map(|slot| slot.id))
        });
        assert_eq!(current, Ok(Some(SlotId::First)));
        assert_eq!(damage, 1);

        bytes[HEADER_SIZE + 16] ^= 1;
        let current = Table::new(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|_| ()));
        assert!(matches!(
            current,
            Err(TableError::Slots(SlotError::Crc { .. }))
        ));
    }

    #[test]
    fn refuses_what_is_no_table() {
        let mut bytes = blank();
        assert_eq!(Table::size(&bytes), Ok(SIZE));
        assert_eq!(Table::size(&bytes[..15]), Err(TableError::Truncated(15)));
        assert_eq!(
            Table::new(&bytes[..SIZE - 1]).err(),
            Some(TableError::Truncated(SIZE - 1))
        );
        for slot_size in [0, 88, 97, SLOT as u32 + 8, u32::MAX] {
            bytes[12..16].copy_from_slice(&slot_size.to_le_bytes());
            let size = SIZE as u32;
            assert_eq!(
                Table::size(&bytes),
                Err(TableError::Size { size, slot_size })
            );
        }
        bytes[0] = b'e';
        assert!(matches!(Table::size(&bytes), Err(TableError::Magic(_))));
    }

    #[test]
    fn refuses_fields_it_does_not_understand() {
        for (offset, value, error) in [
            (8, 2, SlotError::Version(2, 0)),
            (8, 0, SlotError::Version(0, 0)),
            (20, 0, SlotError::Kind(0)),
            (20, 4, SlotError::Kind(4)),
            (20, 3, SlotError::State(Kind::Fixed, Svam::CalledIdent)),
            (24, 5, SlotError::Svam(5)),
            (28, 8, SlotError::Flags(8)),
            (48, 1, SlotError::OtherFirmware),
            (56, 1, SlotError::OtherFirmware),
            (60, 1, SlotError::OtherFirmware),
        ] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
            patch(&mut bytes, offset, value);
            assert_eq!(snapshot(&bytes), Some(Err(error)));
        }
    }

    #[test]
    fn a_newer_minor_version_is_understood() {
        let mut bytes = blank();
        put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
        patch(&mut bytes, 8, 7 << 16 | 1);
        assert_eq!(snapshot(&bytes), Some(Ok(SNAPSHOT)));
    }

    #[test]
    fn refuses_lengths_beyond_the_slot() {
        for length in [1, SLOT_HEADER_SIZE as u32 - 1, SLOT as u32 + 1, u32::MAX] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[]);
            bytes[HEADER_SIZE + 4..HEADER_SIZE + 8].copy_from_slice(&length.to_le_bytes());
            let error = Table::new(&bytes).and_then(|t| t.current(crc32, |_| ()).map(|_| ()));
            assert_eq!(error, Err(TableError::Slots(SlotError::Length(length))));
        }
    }

    #[test]
    fn refuses_entries_that_do_not_fit() {
        for (offset, value) in [(32, 95), (36, 39), (40, 2), (40, u32::MAX)] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[BLANK_ENTRY]);
            patch(&mut bytes, offset, value);
            let table = Table::new(&bytes);
            let slot = table
                .as_ref()
                .ok()
                .and_then(|t| t.current(crc32, |_| ()).ok()?);
            let error = slot.and_then(|slot| slot.entries().err());
            assert!(matches!(error, Some(SlotError::Entries { .. })));
        }
    }

    #[test]
    fn refuses_malformed_entries() {
        let range = BLANK_ENTRY.phys;
        for (offset, value, error) in [
            (
                96,
                1,
                SlotError::EntryRange(RangeError::Misaligned(PhysAddr::new(1))),
            ),
            (
                112,
                0,
                SlotError::EntryRange(RangeError::Empty(PhysAddr::new(0))),
            ),
            (132, 0, SlotError::EntryPermission(range, 0)),
            (132, 8, SlotError::EntryPermission(range, 8)),
        ] {
            let mut bytes = blank();
            put(&mut bytes, 0, 1, &SNAPSHOT, &[BLANK_ENTRY]);
            patch(&mut bytes, offset, value);
            let table = Table::new(&bytes);
            let slot = table
                .as_ref()
                .ok()
                .and_then(|t| t.current(crc32, |_| ()).ok()?);
            let mut entries = slot.and_then(|slot| slot.entries().ok());
            let first = entries.as_mut().and_then(Iterator::next);
            assert_eq!(first, Some(Err(error)));
        }
    }

    #[test]
    fn the_in_call_mark_is_read() {
        let mut bytes = blank();
        bytes[CALL_SERVICE_OFFSET] = 5;
        bytes[CALL_COUNT_OFFSET] = 9;
        let (service, count) = (5, 9);
        let latch = Table::new(&bytes).map(|table| table.latch());
        assert_eq!(latch, Ok(Latch::InCall { service, count }));
    }

    #[test]
    fn a_slot_too_small_is_not_written() {
        let mut slot = [0; SLOT_HEADER_SIZE + ENTRY_SIZE];
        let used = encode(&SNAPSHOT, &[BLANK_ENTRY], 1, crc32, &mut slot);
        assert_eq!(used, Some(slot.len()));
        let too_many = [BLANK_ENTRY; 2];
        assert_eq!(encode(&SNAPSHOT, &too_many, 1, crc32, &mut slot), None);
    }
}
