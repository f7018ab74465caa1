// SPDX-License-Identifier: GPL-2.0
//! The recording that `rtmap-record` writes: firmware's description of memory to this kernel.

use anyhow::Result;
use efi_rtmap_record::arch;
use efi_rtmap_record::firmware::{self, PhysicalMemory};
use efi_rtmap_record::recording::{Machine, Recording};

use crate::{facts, memory};

struct Memory;

impl PhysicalMemory for Memory {
    fn read(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        memory::read(address, length)
    }
}

pub fn firmware() -> Result<String> {
    let firmware = firmware::read(&arch::place()?, &Memory)?;
    Ok(Recording::new(facts::release()?, Machine::default(), firmware).to_string())
}
