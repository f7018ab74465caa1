// SPDX-License-Identifier: GPL-2.0
//! Physical memory of the running machine. Kernels differ in the memory that they show to root.
//! Most refuse RAM through /dev/mem, and /proc/kcore has only RAM, so both are needed. Neither
//! shows memory with an owner unless the user allows it at boot. The EFI stub keeps the memory map
//! in such memory, beside ACPI tables.

use std::ffi::c_void;
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use anyhow::{bail, Context, Result};
use efi_rtmap_record::firmware::PhysicalMemory;
use nix::sys::mman::{mmap, munmap, MapFlags, ProtFlags};
use nix::unistd::{geteuid, sysconf, SysconfVar};

use crate::kcore::Kcore;

const DEVICE: &str = "/dev/mem";
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
const COMMAND_LINE: &str = "/proc/cmdline";
/// Undoes CONFIG_IO_STRICT_DEVMEM.
const RELAXED: &str = "iomem=relaxed";

pub struct Memory {
    device: Result<File>,
    kcore: Result<Kcore>,
    page: u64,
}

impl Memory {
    pub fn open() -> Result<Self> {
        if !geteuid().is_root() {
            bail!("only root may read physical memory: run this as root");
        }
        let page = sysconf(SysconfVar::PAGE_SIZE)?.context("no page size")?;
        Ok(Self {
            device: File::open(DEVICE).context(DEVICE),
            kcore: Kcore::open(),
            page: page.try_into()?,
        })
    }

    /// The device is mapped, because read() gives only memory that the kernel knows.
    fn read_device(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        let device = self.device.as_ref().map_err(same)?;
        let offset = (address % self.page) as usize;
        let window = Window::map(device, address - offset as u64, offset + length)?;
        Ok(window.bytes(offset, length))
    }

    fn read_kcore(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        self.kcore.as_ref().map_err(same)?.read(address, length)
    }
}

impl PhysicalMemory for Memory {
    fn read(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        let device = match self.read_device(address, length) {
            Ok(bytes) => return Ok(bytes),
            Err(error) => error,
        };
        self.read_kcore(address, length).map_err(|kcore| {
            let advice = advice();
            kcore.context(format!(
                "{length} bytes at {address:#x}: the kernel shows them neither in {DEVICE} \
                 ({device:#}) nor in /proc/kcore. {advice}"
            ))
        })
    }
}

fn advice() -> &'static str {
    // Both files may be missing. Then neither of them gives a hint.
    let lockdown = fs::read_to_string(LOCKDOWN).unwrap_or_default();
    let command_line = fs::read_to_string(COMMAND_LINE).unwrap_or_default();
    if lockdown.contains("[integrity]") || lockdown.contains("[confidentiality]") {
        "It is locked down: boot once with Secure Boot off and without lockdown="
    } else if !command_line.split_whitespace().any(|word| word == RELAXED) {
        "Add iomem=relaxed to its command line, for one boot"
    } else {
        "Boot once a kernel that has CONFIG_DEVMEM=y and CONFIG_PROC_KCORE=y, as most \
         distributions' have, or CONFIG_DEVMEM=y without CONFIG_STRICT_DEVMEM"
    }
}

/// Copies an error, which can be returned again each time.
fn same(error: &anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

struct Window {
    start: NonNull<c_void>,
    length: NonZeroUsize,
}

impl Window {
    fn map(device: &File, start: u64, length: usize) -> Result<Self> {
        let length = NonZeroUsize::new(length).context("nothing to map")?;
        let start = i64::try_from(start).context("beyond all memory")?;
        let (protection, flags) = (ProtFlags::PROT_READ, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping, which nothing but this window uses.
        let start = unsafe { mmap(None, length, protection, flags, device, start) };
        let start = start.context(DEVICE)?;
        Ok(Self { start, length })
    }

    fn bytes(&self, offset: usize, length: usize) -> Vec<u8> {
        let inside = offset..(offset + length).min(self.length.get());
        let first = self.start.as_ptr().cast::<u8>();
        // SAFETY: inside the window. A byte at a time, as it may be mapped as a device, where larger
        // accesses must be aligned; volatile, so that it stays a byte at a time.
        let byte = |k| unsafe { first.add(k).read_volatile() };
        inside.map(byte).collect()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and no pointer into it outlives `self`.
        let _ = unsafe { munmap(self.start, self.length.get()) };
    }
}
