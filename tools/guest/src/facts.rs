// SPDX-License-Identifier: GPL-2.0
//! Facts that the running kernel shows about itself and its firmware.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use efi_rtmap_guest::handover::{self, Header};
use efi_rtmap_guest::plan::BALLAST;
use efi_rtmap_guest::ptdump::Mapping;
use efi_rtmap_guest::report::{Facts, Handover, Outcome, RuntimeRegion};

use crate::actions::run;
use crate::arch::{self, PAGE_TABLES};
use crate::clock;
use crate::efi_test::EfiTest;
use crate::next_kernel::KEXEC;
use crate::variables::{self, as_outcome};
use crate::{secure_boot, tables};

const RTMAP: &str = "/sys/firmware/efi/rtmap";
const MEMORY: &str = "/proc/meminfo";
const RESOURCES: &str = "/proc/iomem";
const CLOCK_SAMPLES: u32 = 20;

/// Makes all calls, even if firmware fails in some.
pub fn collect(
    generation: usize,
    soak: bool,
    command_line: &str,
    announced: Option<Outcome<()>>,
) -> Result<Facts> {
    Ok(Facts {
        generation,
        release: release()?,
        command_line: command_line.into(),
        page_size: crate::page_size()?,
        // The kernel removes the flag if it does not use five levels.
        five_level: fs::read_to_string("/proc/cpuinfo")?.contains(" la57"),
        kexec_version: kexec_version()?,
        announced,
        tables: as_outcome(tables::read()),
        runtime_map: as_outcome(read_runtime_map()),
        runtime_services: as_outcome(arch::runtime_services()),
        variables: as_outcome(variables::exercise(generation, soak)),
        storage: as_outcome(EfiTest::open().and_then(|efi| efi.storage())),
        clock: as_outcome(clock::read(CLOCK_SAMPLES)),
        secure_boot: as_outcome(secure_boot::read()),
        handover: as_outcome(read_handover()),
        memory_kib: memory_kib()?,
        ram_kib: ram_kib()?,
        reserved_kib: arch::reserved()? >> 10,
        rtmap: read_rtmap()?,
        tainted: read_line("/proc/sys/kernel/tainted")?.parse()?,
        // This comes last: the earlier calls have built the tables that are built on demand.
        page_tables: as_outcome(read_page_tables()),
        ballast: fs::read(BALLAST).ok().map(|bytes| crc32fast::hash(&bytes)),
    })
}

/// The release, as in `uname -r`.
pub fn release() -> Result<String> {
    read_line("/proc/sys/kernel/osrelease")
}

fn read_line(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.trim_end().into())
}

fn kexec_version() -> Result<String> {
    let printed = run(Command::new(KEXEC).arg("--version"))?;
    Ok(printed.lines().next().unwrap_or_default().into())
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

fn memory_kib() -> Result<u64> {
    let text = fs::read_to_string(MEMORY).context(MEMORY)?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    let number = number.and_then(|number| number.parse().ok());
    number.with_context(|| format!("{MEMORY}: no MemTotal"))
}

/// Lines are `start-end : name`, in hexadecimal. The end is part of the range. A line for a part of
/// another range is indented.
fn ram_kib() -> Result<u64> {
    let text = fs::read_to_string(RESOURCES).context(RESOURCES)?;
    let mut bytes = 0;
    for line in text.lines() {
        let range = line.strip_suffix(" : System RAM");
        let Some(range) = range.filter(|range| !range.starts_with(' ')) else {
            continue;
        };
        let (start, end) = range.split_once('-').with_context(|| line.to_string())?;
        let [start, end] = [start, end].map(|number| u64::from_str_radix(number, 16));
        bytes += end?.saturating_add(1).saturating_sub(start?);
    }
    Ok(bytes >> 10)
}

fn read_handover() -> Result<Handover> {
    let path = Path::new(RTMAP).join("table");
    let table = fs::read(&path).with_context(|| path.display().to_string())?;
    let header = Header::read(&table)?;
    Ok(Handover {
        size: header.size.get(),
        used: handover::used(&table)?,
        calls: header.call_count.get(),
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
