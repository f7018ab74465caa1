// SPDX-License-Identifier: GPL-2.0

//! The protection of a mapped range, in the form that the architectures' C code uses.

use crate::plan::firmware::{
    memtype::{
        Attributes,
        MemoryType, //
    },
    perm::Permission,
};
use kernel::bindings;

/// The protection of a mapped range.
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
    /// The protection of memory of `ty` and `attributes` that allows firmware what `permission`
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

    /// The same, with `forward_cfg` set if all indirect branch targets of the code are marked.
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
