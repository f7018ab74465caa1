// SPDX-License-Identifier: GPL-2.0

//! The reasons for which a take-over ends without runtime services.

use crate::plan::{
    base::list::Full,
    choice::decision::Off,
    firmware::{
        memattr::AttributesError,
        memmap::MapError,
        owner::Foreign,
        runtime::TableError, //
    },
    handover::refusal::InheritError,
    map::{
        layout::LayoutError,
        mapping::PageError,
        region::RegionError, //
    }, //
};
use core::fmt;
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

/// The reason why the kernel has no runtime services.
pub(crate) enum Failure {
    Off(Off),
    NoMemoryMap,
    Map(MapError),
    Regions(RegionError),
    Layout(LayoutError),
    Inherit(InheritError),
    Page(PageError),
    Runtime(TableError),
    Attributes(AttributesError),
    Foreign(Foreign),
    TooManyEntries,
    Undecided,
    Kernel(Error),
}

impl Failure {
    /// Tells if the reason is firmware: it has faulted, hung, or not returned to an earlier kernel,
    /// or the effect of SVAM on it is in doubt.
    pub(crate) fn is_firmwares(&self) -> bool {
        let Self::Off(off) = self else { return false };
        matches!(off, Off::Faulted { .. } | Off::InCall { .. }) || off.is_svams()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(off) => off.fmt(f),
            Self::NoMemoryMap => f.write_str(
                "the kernel has no memory map of the firmware: its log says why, or it is too large",
            ),
            Self::Map(error) => error.fmt(f),
            Self::Regions(error) => error.fmt(f),
            Self::Layout(error) => error.fmt(f),
            Self::Inherit(error) => error.fmt(f),
            Self::Page(error) => error.fmt(f),
            Self::Runtime(error) => error.fmt(f),
            Self::Attributes(error) => error.fmt(f),
            Self::Foreign(error) => error.fmt(f),
            Self::TooManyEntries => f.write_str("the memory attributes table has too many entries"),
            Self::Undecided => f.write_str("the EFI stub has not decided on SVAM"),
            Self::Kernel(error) => write!(f, "the kernel could not build the map: {error:?}"),
        }
    }
}

macro_rules! impl_from {
    ($($variant:ident($error:ty)),* $(,)?) => {
        $(
            impl From<$error> for Failure {
                fn from(error: $error) -> Self {
                    Self::$variant(error)
                }
            }
        )*
    };
}

impl_from!(
    Map(MapError),
    Regions(RegionError),
    Layout(LayoutError),
    Inherit(InheritError),
    Page(PageError),
    Runtime(TableError),
    Attributes(AttributesError),
    Foreign(Foreign),
    Kernel(Error),
);

impl From<AllocError> for Failure {
    fn from(_: AllocError) -> Self {
        Self::Kernel(ENOMEM)
    }
}

impl From<Full> for Failure {
    fn from(_: Full) -> Self {
        Self::TooManyEntries
    }
}
