// SPDX-License-Identifier: GPL-2.0

//! The reasons to refuse an inherited map.

use crate::plan::{
    base::{
        addr::{
            PhysRange,
            VirtAddr, //
        },
        list::Full,
    },
    firmware::memtype::MemoryType,
    handover::wire::SlotError,
    map::layout::{
        LayoutError,
        Window, //
    }, //
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
    /// Its region has this type, and the entry another, or other attributes.
    OtherMemory(PhysRange, MemoryType),
    Misaligned(PhysRange, VirtAddr),
    NotIdentity(PhysRange, VirtAddr),
    OutsideWindow(PhysRange, VirtAddr, Window),
    Overlap(PhysRange, PhysRange),
    WritableCode(PhysRange),
    NotCovered(PhysRange),
    Scattered(PhysRange),
    /// Two tables, two addresses of one region.
    Disagree(PhysRange, VirtAddr, VirtAddr),
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
            Self::OtherMemory(range, ty) => write!(
                f,
                "entry {range} has another type or other attributes than its region, of {ty}"
            ),
            Self::Misaligned(range, virt) => {
                write!(f, "entry {range}: address {virt} does not start on a page")
            }
            Self::NotIdentity(range, virt) => {
                write!(f, "entry {range}: address {virt} in a 1:1 map")
            }
            Self::OutsideWindow(range, virt, window) => write!(
                f,
                "entry {range}: address {virt} is outside the window {window} of this kernel"
            ),
            Self::Overlap(a, b) => write!(f, "entries {a} and {b} overlap"),
            Self::WritableCode(range) => {
                write!(f, "entry {range} is writable and executable")
            }
            Self::NotCovered(range) => write!(f, "no entry for all of runtime region {range}"),
            Self::Scattered(range) => {
                write!(f, "entries move parts of runtime region {range} apart")
            }
            Self::Disagree(range, virt, other) => write!(
                f,
                "handover tables disagree: runtime region {range} is at {virt} in the stub's, \
                 and at {other} in that of Kexec Handover"
            ),
        }
    }
}
