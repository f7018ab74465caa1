// SPDX-License-Identifier: GPL-2.0
//! x86-64: the boot parameters, which the EFI stub has filled in, and sysfs show the tables.

use std::fs;

use anyhow::{ensure, Context, Result};
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::firmware::Place;

const BOOT_PARAMETERS: &str = "/sys/kernel/boot_params/data";
/// The offset of `efi_info` in `struct boot_params`.
const EFI_INFO: usize = 0x1c0;
const SYSFS: &str = "/sys/firmware/efi";

/// `struct efi_info`.
#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct EfiInfo {
    /// "EL64" or "EL32".
    signature: [u8; 4],
    system_table: U32,
    descriptor_size: U32,
    descriptor_version: U32,
    map: U32,
    map_size: U32,
    system_table_high: U32,
    map_high: U32,
}

pub fn place() -> Result<Place> {
    let bytes = fs::read(BOOT_PARAMETERS).context(BOOT_PARAMETERS)?;
    let info = bytes.get(EFI_INFO..).unwrap_or_default();
    let (info, _) = EfiInfo::ref_from_prefix(info)
        .ok()
        .with_context(|| format!("{BOOT_PARAMETERS}: only {} bytes", bytes.len()))?;
    let bits = match &info.signature {
        b"EL64" => 64,
        b"EL32" => 32,
        other => {
            ensure!(
                *other != [0; 4],
                "this kernel was not started by UEFI firmware"
            );
            anyhow::bail!("{BOOT_PARAMETERS}: loader signature {other:?} is neither EL64 nor EL32")
        }
    };
    let whole = |low: U32, high: U32| u64::from(high.get()) << 32 | u64::from(low.get());
    Ok(Place {
        bits,
        map: whole(info.map, info.map_high),
        map_size: info.map_size.get().into(),
        descriptor_size: info.descriptor_size.get(),
        descriptor_version: info.descriptor_version.get(),
        system_table: whole(info.system_table, info.system_table_high),
        vendor: Some(address("fw_vendor")?),
        first_table: Some(address("config_table")?),
    })
}

/// The address that the kernel read from the system table before SetVirtualAddressMap().
fn address(name: &str) -> Result<u64> {
    let path = format!("{SYSFS}/{name}");
    let text = fs::read_to_string(&path).context(path.clone())?;
    let digits = text.trim_end().trim_start_matches("0x");
    u64::from_str_radix(digits, 16).with_context(|| format!("{path}: {text:?}"))
}
