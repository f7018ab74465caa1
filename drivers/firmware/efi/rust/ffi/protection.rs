// SPDX-License-Identifier: GPL-2.0

//! The way in which a range is mapped, as the architectures' C code knows it.

use crate::plan::firmware::{
    memtype::{
        Attributes,
        MemoryType, //
    },
    perm::Permission,
};
use kernel::bindings;

/// How a range is mapped.
#[derive(Clone, Copy)]
pub(crate) struct Protection {
    write: bool,
    execute: bool,
    cached: bool,
    /// Registers of a device, not memory.
    io: bool,
    forward_cfg: bool,
}

impl Protection {
    /// The mapping of memory of `ty` and `attributes` with which firmware may do what `permission`
    /// says.
    pub(crate) fn new(permission: Permission, ty: MemoryType, attributes: Attributes) -> Self {
        Self {
            write: permission.writes(),
            execute: permission.executes(),
            cached: attributes.is_cached(),
            io: ty == MemoryType::MAPPED_IO,
            forward_cfg: false,
        }
    }

    /// The same, for code all of whose indirect branch targets are marked if `forward_cfg` says so.
    pub(crate) fn with_forward_cfg(self, forward_cfg: bool) -> Self {
        Self {
            forward_cfg,
            ..self
        }
    }

    /// `EFI_RTMAP_PROT_*`.
    pub(crate) fn bits(self) -> u32 {
        let bit = |set: bool, bit: u32| if set { bit } else { 0 };
        bit(self.write, bindings::EFI_RTMAP_PROT_WRITE)
            | bit(self.execute, bindings::EFI_RTMAP_PROT_EXEC)
            | bit(!self.cached, bindings::EFI_RTMAP_PROT_UNCACHED)
            | bit(self.io, bindings::EFI_RTMAP_PROT_IO)
            | bit(self.forward_cfg, bindings::EFI_RTMAP_PROT_FORWARD_CFG)
    }
}
