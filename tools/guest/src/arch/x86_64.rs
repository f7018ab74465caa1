// SPDX-License-Identifier: GPL-2.0
//! x86-64: the kernel shows firmware's map in sysfs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_guest::report::RuntimeRegion;

pub use efi_rtmap_guest::ptdump::x86_64::parse as parse_page_tables;

/// The second ISA port.
pub const REPORT_PORT: &str = "/dev/ttyS1";
pub const PAGE_TABLES: &str = "/sys/kernel/debug/page_tables/efi";
const RUNTIME_MAP: &str = "/sys/firmware/efi/runtime-map";
const RUNTIME_SERVICES: &str = "/sys/firmware/efi/runtime";

pub fn runtime_map() -> Result<Vec<RuntimeRegion>> {
    let mut regions = Vec::new();
    for entry in fs::read_dir(RUNTIME_MAP).context(RUNTIME_MAP)? {
        let directory = entry?.path();
        let number = |name: &str| read_hex(&directory.join(name));
        regions.push(RuntimeRegion {
            phys: number("phys_addr")?,
            virt: number("virt_addr")?,
            pages: number("num_pages")?,
            kind: number("type")?,
            attribute: number("attribute")?,
        });
    }
    Ok(regions)
}

pub fn runtime_services() -> Result<u64> {
    read_hex(Path::new(RUNTIME_SERVICES))
}

/// There is no device tree.
pub fn reserved() -> Result<u64> {
    Ok(0)
}

fn read_hex(path: &Path) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let text = text.trim_end();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).with_context(|| format!("{}: {text:?}", path.display()))
}
