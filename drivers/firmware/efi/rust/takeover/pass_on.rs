// SPDX-License-Identifier: GPL-2.0

//! A kernel that must not call firmware, as with `efi=noruntime`, passes on what it has found: its
//! successors may. It reads nothing of firmware's, and decides nothing.

use crate::{
    arch::KeepsMemoryMap,
    failure::Failure,
    ffi::{
        Booting,
        FirmwareMemory, //
    },
    handover::{
        carriers::Carriers,
        mark::Mark, //
    },
    this_arch::Arch, //
};

/// Counts this kernel in the handover table, and keeps the memory map for successors.
///
/// # Errors
///
/// A [`Failure`] if there is no memory map that could be kept. Successors are then told of no
/// firmware.
pub(crate) fn run(booting: &Booting) -> Result<(), Failure> {
    let memory = FirmwareMemory::new()?;
    let life = Mark::open(&memory).and_then(|mark| mark.nonce());
    let used = Carriers::open(booting, &memory, life).pass_on();
    Arch::pass_on_memory_map(booting, used)
}
