// SPDX-License-Identifier: GPL-2.0
//! What firmware has told this kernel of its memory, as `rtmap-record` writes it.

use anyhow::Result;
use efi_rtmap_record::arch;
use efi_rtmap_record::firmware::{self, PhysicalMemory};
use efi_rtmap_record::recording::{Machine, Recording, FORMAT};

use crate::memory;

struct Memory;

impl PhysicalMemory for Memory {
    fn read(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        memory::read(address, length)
    }
}

pub fn firmware() -> Result<String> {
    let recording = Recording {
        format: FORMAT,
        architecture: std::env::consts::ARCH.into(),
        kernel: nix::sys::utsname::uname()?
            .release()
            .to_string_lossy()
            .into(),
        machine: Machine::default(),
        firmware: firmware::read(&arch::place()?, &Memory)?,
    };
    Ok(recording.to_string())
}
