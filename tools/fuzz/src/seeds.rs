// SPDX-License-Identifier: GPL-2.0
//! The fuzzer's first inputs: recorded firmware, in the format of the targets.

use std::fs;
use std::path::Path;

use anyhow::{ensure, Context, Result};
use efi_rtmap_record::recording::{Descriptor, MemoryMap};
use efi_rtmap_record::Recording;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plan/recorded");
const RUNTIME: u64 = 1 << 63;
const RUNTIME_SERVICES_CODE: u32 = 5;
/// The size of a table with all 14 services.
const RUNTIME_TABLE_SIZE: u32 = 24 + 14 * 8;
/// The size of a descriptor, in targets whose input does not give it.
const DESCRIPTOR_SIZE: u32 = 48;

const OPTIONS: [&str; 4] = [
    "rtmap:auto,rtmap:phys,rtmap:timeout=30",
    "debug,rtmap:ident,rtmap:retry",
    "rtmap:fixed,rtmap:off,noruntime",
    "rtmap:,rtmap:x",
];

/// A 64-bit entry point, whose sum the target corrects. Then comes a processor: type 4, with the
/// number of its version at 16.
const SMBIOS: &[u8] = b"\xff\
    _SM3_\0\x18\x03\x03\0\x01\0\0\x10\0\0\0\x10\0\0\0\0\0\0--------\
    \x01\x08\0\0\x01\x02\x03s\
    LENOVO\x0020BG0016US\0ThinkPad W540\0\0\x7f\x04\0\0\0\0";

pub fn write(folder: &Path) -> Result<()> {
    let mut found = 0;
    for entry in fs::read_dir(RECORDED).context(RECORDED)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let shown = || path.display().to_string();
        let text = fs::read_to_string(&path).with_context(shown)?;
        let recording: Recording = toml::from_str(&text).with_context(shown)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        of_firmware(&recording, |target, variant, bytes| {
            put(folder, target, &format!("{stem}{variant}"), &bytes)
        })?;
        found += 1;
    }
    ensure!(found > 0, "no recording in {RECORDED}");
    for (index, option) in OPTIONS.iter().enumerate() {
        put(
            folder,
            "command_line",
            &index.to_string(),
            option.as_bytes(),
        )?;
    }
    put(folder, "smbios", "machine", SMBIOS)?;
    // The first byte chooses one of the services in user mode. The others are enough for a call.
    for service in 0..8 {
        let call = [vec![service], (0..=255).collect()].concat();
        put(folder, "answers", &service.to_string(), &call)?;
    }
    // There are enough bytes to make facts from.
    put(folder, "take_over", "zeros", &[0; 256])
}

fn put(folder: &Path, target: &str, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = folder.join(target);
    let path = folder.join(name);
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, bytes))
        .with_context(|| path.display().to_string())
}

fn of_firmware(
    recording: &Recording,
    mut put: impl FnMut(&str, &str, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let map = &recording.firmware.memory_map;
    let units = u8::try_from(map.descriptor_size / 4).context("descriptor size")?;
    put("memory_map", "", [vec![units], map.bytes()].concat())?;
    let runtime = with_length(map)?;
    if let Some(table) = &recording.firmware.memory_attributes {
        put(
            "memory_attributes",
            "",
            [runtime.clone(), table.bytes()].concat(),
        )?;
    }
    let supported = u32::MAX.to_le_bytes().to_vec();
    let services = [runtime.clone(), supported, runtime_table(map)].concat();
    put("runtime_table", "", services)?;
    for kind in 0..3 {
        let space = u8::from(recording.architecture != "x86_64");
        let seed = [vec![kind, space], runtime.clone()].concat();
        put("handover", &format!("-{kind}"), seed)?;
    }
    Ok(())
}

/// The runtime descriptors, after their length.
fn with_length(map: &MemoryMap) -> Result<Vec<u8>> {
    let mut map = map.clone();
    map.descriptor_size = DESCRIPTOR_SIZE;
    map.descriptors.retain(|d| d.attribute & RUNTIME != 0);
    let bytes = map.bytes();
    let length = u16::try_from(bytes.len()).context("runtime descriptors")?;
    Ok([length.to_le_bytes().to_vec(), bytes].concat())
}

/// A table in which all services point to the first code.
fn runtime_table(map: &MemoryMap) -> Vec<u8> {
    let code = |d: &&Descriptor| d.ty == RUNTIME_SERVICES_CODE;
    let first = map.descriptors.iter().find(code).map_or(0, |d| d.phys);
    let header = [
        b"RUNTSERV".to_vec(),
        vec![0; 4],
        RUNTIME_TABLE_SIZE.to_le_bytes().to_vec(),
    ];
    let pointers = [first.to_le_bytes(); 14].concat();
    [header.concat(), vec![0; 8], pointers].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_seed_that_it_takes_whole() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        for target in crate::TARGETS {
            let seeds = fs::read_dir(folder.path().join(target.name)).unwrap();
            let lengths: Vec<_> = seeds
                .map(|seed| seed.unwrap().metadata().unwrap().len())
                .collect();
            assert!(!lengths.is_empty(), "{}", target.name);
            let most = u64::from(target.max_length);
            assert!(
                lengths.iter().all(|&length| length <= most),
                "{}: {lengths:?}",
                target.name
            );
        }
    }
}
