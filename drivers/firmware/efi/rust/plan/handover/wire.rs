// SPDX-License-Identifier: GPL-2.0

//! The handover table as bytes. The format is defined in `include/linux/efi-rtmap-table.h`.
//!
//! This module knows how the table is written and whether it is intact, of this firmware, and
//! understood. Whether its map fits the firmware's own is for [`super::inherit`] to check.

use crate::plan::{
    base::{
        addr::{
            PhysAddr,
            PhysRange,
            RangeError, //
        },
        kind::{
            Kind,
            Svam, //
        },
    },
    handover::format::{
        TableEntry,
        TableHeader,
        TableSlot, //
    },
};
use core::{
    fmt,
    mem::offset_of, //
};

/// Bytes of the table before the slots.
pub(crate) const HEADER_SIZE: usize = size_of::<TableHeader>();
pub(crate) const SLOT_HEADER_SIZE: usize = size_of::<TableSlot>();
pub(crate) const ENTRY_SIZE: usize = size_of::<TableEntry>();
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"EFIRTMAP");
pub(super) const MAJOR: u16 = 1;
pub(super) const MINOR: u16 = 0;

/// Offset of the in-call mark: the service, then the count of calls.
pub(crate) const CALL_SERVICE_OFFSET: usize = offset_of!(TableHeader, call_service);
pub(crate) const CALL_COUNT_OFFSET: usize = offset_of!(TableHeader, call_count);

/// Offset of the word that the first kernel makes other than zero when it takes over, or boots past
/// the take-over: a kernel that finds it zero, and no slot written, is the first.
pub(crate) const USED_OFFSET: usize = offset_of!(TableHeader, used);

/// Offset of the word that says in which service firmware has faulted or hung.
pub(crate) const FAULTED_OFFSET: usize = offset_of!(TableHeader, faulted);

/// Offset of the RT_PROPERTIES table, and of the services that it says are supported.
pub(super) const PROPERTIES_OFFSET: usize = offset_of!(TableHeader, properties_version);
pub(crate) const PROPERTIES_SUPPORTED_OFFSET: usize = offset_of!(TableHeader, properties_supported);

/// Offset of the services that firmware supports, whatever the RT_PROPERTIES table says.
pub(super) const SUPPORTED_OFFSET: usize = offset_of!(TableHeader, supported);

/// Offset of the services that were taken off, because firmware's pointers to them lead nowhere.
pub(crate) const SERVICES_OFF_OFFSET: usize = offset_of!(TableHeader, services_off);

/// Offset of the nonce, and of what the stub has made of SVAM.
pub(crate) const NONCE_OFFSET: usize = offset_of!(TableHeader, nonce);
pub(crate) const STUB_OFFSET: usize = offset_of!(TableHeader, stub);

/// Offset of the count of kernels that have passed firmware on without calling it.
pub(crate) const PASSED_OFFSET: usize = offset_of!(TableHeader, passed);

/// Offset of the services in which firmware was stopped in user mode.
pub(crate) const FAILED_OFFSET: usize = offset_of!(TableHeader, failed);

/// Offset of a word for what firmware may use in user mode.
pub(crate) const fn allowed_offset(number: usize) -> usize {
    offset_of!(TableHeader, allowed) + size_of::<u32>() * number
}

/// Offset in a slot of what its CRC is of.
pub(super) const CHECKED_FROM: usize = offset_of!(TableSlot, length);

/// Stands in a slot for the generation that called SVAM if none is known to have called it.
pub(super) const NO_GENERATION: u32 = u32::MAX;

/// The start of the RT_PROPERTIES table: its version and length.
pub(super) const PROPERTIES_HEAD: u32 = 8 << 16 | 1;

/// Flags that a reader has to know. It may ignore the others.
pub(crate) const MUST_KNOW: u32 = 0xffff;
pub(crate) const FLAG_WRITABLE_CODE: u32 = 1 << 0;
pub(crate) const FLAG_FORWARD_CFG: u32 = 1 << 16;
pub(super) const UNKNOWN_FLAGS: u32 = MUST_KNOW & !FLAG_WRITABLE_CODE;

/// More bytes than any table needs: what claims more is taken for damaged. The stub makes room for
/// every descriptor of the firmware's memory map, which is some ten kilobytes.
pub(crate) const MAX_SIZE: usize = 16 << 20;

/// Tells one firmware's life from another's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    /// Physical address of the EFI system table.
    pub(crate) systab: PhysAddr,
    /// `FirmwareRevision` of the system table.
    pub(crate) revision: u32,
    /// CRC-32 of the bytes of `FirmwareVendor`.
    pub(crate) vendor_crc: u32,
}

/// The message of one kernel to the next, without the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    pub(crate) generation: u32,
    pub(crate) kind: Kind,
    pub(crate) svam: Svam,
    /// The generation that called SVAM, if one is known to have.
    pub(crate) svam_generation: Option<u32>,
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
    TooLarge(usize),
    /// Neither slot is intact. Carries what is wrong with the one that was written, or written
    /// last.
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
            Self::TooLarge(size) => write!(f, "size {size} is more than {MAX_SIZE}"),
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
            Self::Flags(flags) => write!(f, "unknown flags {:#x}", flags & UNKNOWN_FLAGS),
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
