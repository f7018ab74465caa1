// SPDX-License-Identifier: GPL-2.0
//! The regions that the kernel shows: in runtime-map on x86-64, and in the handover table on both
//! architectures. Only the table has the rights.

use std::fs;
use std::io::ErrorKind;

use anyhow::{bail, Context, Result};
use efi_rtmap_picture::{Part, Region};
use efi_rtmap_plan::dump::Entry;

use crate::facts::Facts;
use crate::machine::{Found, Machine};

const RUNTIME_MAP: &str = "sys/firmware/efi/runtime-map";

/// The regions in the order of physical addresses.
pub fn read(machine: &Machine, facts: &Facts) -> Result<Vec<Region>> {
    let entries = facts.message().map(|message| &message.entries[..]);
    let mut regions = match (listed(machine)?, entries) {
        (Found::Value(regions), _) => regions,
        (Found::Missing | Found::Forbidden, Some(entries)) => joined(entries)?,
        (Found::Missing | Found::Forbidden, None) => bail!(
            "neither /{RUNTIME_MAP} nor the handover table can be read: run rtmapctl as root; if it \
             is, the chain has no table"
        ),
    };
    for region in &mut regions {
        region.parts = parts(region, entries.unwrap_or_default());
    }
    regions.sort_by_key(|region| (region.phys, region.virt));
    Ok(regions)
}

/// The regions in the folder of x86-64.
fn listed(machine: &Machine) -> Result<Found<Vec<Region>>> {
    let directory = machine.path(RUNTIME_MAP);
    let list = match fs::read_dir(&directory) {
        Ok(list) => list,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => return Err(error).with_context(|| directory.display().to_string()),
    };
    let mut regions = Vec::new();
    for entry in list {
        let name = entry?.file_name();
        let name = format!("{RUNTIME_MAP}/{}", name.to_string_lossy());
        let mut numbers = [0; 4];
        for (number, file) in
            numbers
                .iter_mut()
                .zip(["phys_addr", "virt_addr", "num_pages", "type"])
        {
            match machine.line(&format!("{name}/{file}"))? {
                Found::Value(text) => *number = hexadecimal(&name, file, &text)?,
                Found::Forbidden => return Ok(Found::Forbidden),
                Found::Missing => bail!("/{name}/{file}: no such file"),
            }
        }
        let [phys, virt, pages, ty] = numbers;
        let ty = u32::try_from(ty).with_context(|| format!("/{name}/type: {ty:#x}"))?;
        regions.push(Region::new(phys, virt, pages, ty).with_context(|| format!("/{name}"))?);
    }
    Ok(Found::Value(regions))
}

fn hexadecimal(name: &str, file: &str, text: &str) -> Result<u64> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16)
        .with_context(|| format!("/{name}/{file}: {text:?} is no number"))
}

/// The regions that entries are parts of.
fn joined(entries: &[Entry]) -> Result<Vec<Region>> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.phys);
    let mut regions: Vec<Region> = Vec::new();
    for entry in entries {
        match regions.last_mut() {
            Some(last) if goes_on_in(last, entry) => {
                let pages = last.pages.saturating_add(entry.pages);
                *last = Region::new(last.phys, last.virt, pages, last.ty)?;
            }
            _ => regions.push(Region::new(entry.phys, entry.virt, entry.pages, entry.ty)?),
        }
    }
    Ok(regions)
}

/// Tells if `entry` goes on where `region` ends, as a part of the same memory.
fn goes_on_in(region: &Region, entry: &Entry) -> bool {
    entry.phys == region.end()
        && entry.virt == region.virt + region.bytes()
        && entry.ty == region.ty
}

/// The parts of a region, where neighbours with the same rights are one.
fn parts(region: &Region, entries: &[Entry]) -> Vec<Part> {
    let mut inside: Vec<_> = entries
        .iter()
        .filter(|entry| region.phys <= entry.phys && entry.phys < region.end())
        .collect();
    inside.sort_by_key(|entry| entry.phys);
    let mut parts: Vec<Part> = Vec::new();
    for entry in inside {
        match parts.last_mut() {
            Some(last) if last.rights == entry.rights => last.pages += entry.pages,
            _ => parts.push(Part {
                phys: entry.phys,
                pages: entry.pages,
                rights: entry.rights.clone(),
            }),
        }
    }
    parts
}
