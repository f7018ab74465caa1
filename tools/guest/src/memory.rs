// SPDX-License-Identifier: GPL-2.0
//! Physical memory.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use anyhow::{Context, Result};
use nix::sys::mman::{mmap, munmap, MapFlags, ProtFlags};

/// The device is mapped. read() would give only memory that the kernel knows, and there may be
/// more.
const DEVICE: &str = "/dev/mem";

pub fn read(address: u64, length: usize) -> Result<Vec<u8>> {
    let window = Window::map(address, length, false)?;
    // SAFETY: inside the window. A byte at a time, as it may be mapped as a device, where larger
    // accesses must be aligned; volatile, so that it stays a byte at a time.
    Ok((0..length)
        .map(|k| unsafe { window.first().add(k).read_volatile() })
        .collect())
}

pub fn write(address: u64, bytes: &[u8]) -> Result<()> {
    let window = Window::map(address, bytes.len(), true)?;
    for (k, byte) in bytes.iter().enumerate() {
        // SAFETY: as above, and mapped for writing.
        unsafe { window.first().add(k).write_volatile(*byte) };
    }
    Ok(())
}

struct Window {
    start: NonNull<c_void>,
    length: NonZeroUsize,
    offset: usize,
}

impl Window {
    fn map(address: u64, length: usize, write: bool) -> Result<Self> {
        let page = crate::page_size()?;
        let offset = (address % page) as usize;
        let file = open(write).context(DEVICE)?;
        let length = NonZeroUsize::new(offset + length).context("nothing to map")?;
        let mut protection = ProtFlags::PROT_READ;
        protection.set(ProtFlags::PROT_WRITE, write);
        let start = (address - offset as u64) as i64;
        // SAFETY: a new mapping, which nothing but this window uses.
        let start = unsafe { mmap(None, length, protection, MapFlags::MAP_SHARED, &file, start) };
        Ok(Self {
            start: start.with_context(|| format!("{DEVICE} at {address:#x}"))?,
            length,
            offset,
        })
    }

    fn first(&self) -> *mut u8 {
        // SAFETY: the offset is less than the length.
        unsafe { self.start.as_ptr().cast::<u8>().add(self.offset) }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and pointers into it do not outlive `self`.
        let _ = unsafe { munmap(self.start, self.length.get()) };
    }
}

fn open(write: bool) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(write).open(DEVICE)
}
