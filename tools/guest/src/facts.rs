// SPDX-License-Identifier: GPL-2.0
//! What the running kernel shows about itself and its firmware.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_guest::damage::Header;
use efi_rtmap_guest::plan::BALLAST;
use efi_rtmap_guest::ptdump::Mapping;
use efi_rtmap_guest::report::{Calls, Facts, RuntimeRegion};

use crate::arch::{self, PAGE_TABLES};
use crate::efi_test::EfiTest;
use crate::variables::{self, as_outcome};

const RTMAP: &str = "/sys/firmware/efi/rtmap";
const CLOCK_SAMPLES: u32 = 20;

pub fn collect(generation: usize, command_line: &str) -> Result<Facts> {
    Ok(Facts {
        generation,
        release: read_line("/proc/sys/kernel/osrelease")?,
        command_line: command_line.into(),
        page_size: crate::page_size()?,
        // The kernel takes the flag away when it does not use what it stands for.
        five_level: fs::read_to_string("/proc/cpuinfo")?.contains(" la57"),
        rtmap: read_rtmap()?,
        runtime_map: as_outcome(read_runtime_map()),
        runtime_services: as_outcome(arch::runtime_services()),
        variables: as_outcome(variables::exercise(generation)),
        storage: as_outcome(EfiTest::open().and_then(|efi| efi.storage())),
        clock: as_outcome(EfiTest::open().and_then(|efi| efi.clock(CLOCK_SAMPLES))),
        calls: as_outcome(read_calls()),
        // Last: calls into firmware have built what they build on demand.
        page_tables: as_outcome(read_page_tables()),
        ballast: fs::read(BALLAST).ok().map(|bytes| crc32fast::hash(&bytes)),
    })
}

fn read_line(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.trim_end().into())
}

fn read_rtmap() -> Result<Option<BTreeMap<String, String>>> {
    if !Path::new(RTMAP).exists() {
        return Ok(None);
    }
    let mut values = BTreeMap::new();
    for entry in fs::read_dir(RTMAP)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "table" {
            values.insert(name, read_line(entry.path())?);
        }
    }
    Ok(Some(values))
}

fn read_calls() -> Result<Calls> {
    let path = Path::new(RTMAP).join("table");
    let table = fs::read(&path).with_context(|| path.display().to_string())?;
    let header = Header::read(&table)?;
    Ok(Calls {
        count: header.call_count.get(),
        in_progress: header.call_service.get(),
    })
}

fn read_runtime_map() -> Result<Vec<RuntimeRegion>> {
    let mut regions = arch::runtime_map()?;
    regions.sort();
    Ok(regions)
}

fn read_page_tables() -> Result<Vec<Mapping>> {
    let dump = fs::read_to_string(PAGE_TABLES).context(PAGE_TABLES)?;
    arch::parse_page_tables(&dump).map_err(anyhow::Error::msg)
}
