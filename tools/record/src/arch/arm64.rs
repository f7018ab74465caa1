// SPDX-License-Identifier: GPL-2.0
//! arm64: the device tree shows the tables. If firmware has no device tree, the EFI stub makes one.

use std::fs;

use anyhow::{anyhow, Context, Result};
use fdt::Fdt;

use crate::firmware::Place;

const DEVICE_TREE: &str = "/sys/firmware/fdt";

pub fn place() -> Result<Place> {
    let bytes = fs::read(DEVICE_TREE).context(DEVICE_TREE)?;
    let tree = Fdt::new(&bytes).map_err(|error| anyhow!("{DEVICE_TREE}: {error}"))?;
    let chosen = |name: &str| {
        let value = tree
            .find_node("/chosen")
            .and_then(|node| node.property(name)?.as_usize())
            .with_context(|| {
                format!("{DEVICE_TREE}: no number /chosen {name}: was this kernel started by UEFI?")
            })?;
        Ok::<_, anyhow::Error>(value as u64)
    };
    Ok(Place {
        bits: 64,
        map: chosen("linux,uefi-mmap-start")?,
        map_size: chosen("linux,uefi-mmap-size")?,
        descriptor_size: u32::try_from(chosen("linux,uefi-mmap-desc-size")?)?,
        descriptor_version: u32::try_from(chosen("linux,uefi-mmap-desc-ver")?)?,
        system_table: chosen("linux,uefi-system-table")?,
        vendor: None,
        first_table: None,
    })
}
