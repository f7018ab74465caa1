// SPDX-License-Identifier: GPL-2.0
//! The host's files, in the memory of a PCI device that is a file on the host (ivshmem). Kernels
//! come this way for two reasons. fw_cfg through sysfs takes minutes for megabytes. An initrd that
//! contains them would be large in every scenario, and some scenarios are about its size.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use efi_rtmap_guest::plan::Span;
use nix::sys::mman::{mmap, MapFlags, ProtFlags};

const DEVICES: &str = "/sys/bus/pci/devices";
const IVSHMEM: (&str, &str) = ("0x1af4", "0x1110");

pub struct Files {
    memory: &'static [u8],
    spans: BTreeMap<String, Span>,
}

impl Files {
    pub fn open(spans: &BTreeMap<String, Span>) -> Result<Self> {
        let device = find_device()?;
        fs::write(device.join("enable"), "1").context("enable the shared memory")?;
        let resource = device.join("resource2");
        let file = File::open(&resource).with_context(|| resource.display().to_string())?;
        let size = file.metadata()?.len() as usize;
        let length = NonZeroUsize::new(size).context("shared memory: size 0")?;
        // SAFETY: a new mapping of device memory that nobody writes and that is never unmapped.
        let memory = unsafe {
            let start = mmap(
                None,
                length,
                ProtFlags::PROT_READ,
                MapFlags::MAP_SHARED,
                &file,
                0,
            )
            .context("map the shared memory")?;
            std::slice::from_raw_parts(start.as_ptr().cast::<u8>(), size)
        };
        Ok(Self {
            memory,
            spans: spans.clone(),
        })
    }

    pub fn get(&self, name: &str) -> Result<&[u8]> {
        let span = self
            .spans
            .get(name)
            .with_context(|| format!("no shared file {name:?}"))?;
        let (start, size) = (span.offset as usize, span.size as usize);
        self.memory
            .get(start..start + size)
            .with_context(|| format!("shared file {name:?} lies outside of the memory"))
    }

    /// Writes a shared file to /tmp.
    pub fn unpack(&self, name: &str) -> Result<PathBuf> {
        let path = Path::new("/tmp").join(name);
        fs::write(&path, self.get(name)?).with_context(|| path.display().to_string())?;
        Ok(path)
    }
}

fn find_device() -> Result<PathBuf> {
    for entry in fs::read_dir(DEVICES).context(DEVICES)? {
        let device = entry?.path();
        let vendor = fs::read_to_string(device.join("vendor"))?;
        let id = fs::read_to_string(device.join("device"))?;
        if (vendor.trim(), id.trim()) == IVSHMEM {
            return Ok(device);
        }
    }
    let found = fs::read_dir(DEVICES)?.count();
    ensure!(found > 0, "no PCI devices at all");
    anyhow::bail!("no shared memory among {found} PCI devices")
}
