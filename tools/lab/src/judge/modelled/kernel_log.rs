// SPDX-License-Identifier: GPL-2.0
//! Firmware's memory map as kernels for x86 print it with `efi=debug`: before they have changed it, and
//! again as SVAM is called with it.

use anyhow::{ensure, Context, Result};
use efi_rtmap_record::recording::Descriptor;
use efi_rtmap_stock::{BOOT_SERVICES, RUNTIME};

/// Between the two. The second says which boot services memory is in use.
const SECOND: &str = "efi: EFI runtime memory map:";
const ENTRY: &str = "efi: mem";
const INVALID: &str = "(invalid)";

/// `memory_type_name`, in the order of the types.
const TYPES: [&str; 16] = [
    "Reserved",
    "Loader Code",
    "Loader Data",
    "Boot Code",
    "Boot Data",
    "Runtime Code",
    "Runtime Data",
    "Conventional",
    "Unusable",
    "ACPI Reclaim",
    "ACPI Mem NVS",
    "MMIO",
    "MMIO Port",
    "PAL Code",
    "Persistent",
    "Unaccepted",
];
/// In the order in which they are printed (UEFI 2.10, section 7.2).
const ATTRIBUTES: [(&str, u64); 15] = [
    ("RUN", RUNTIME),
    ("HP", 1 << 20),
    ("MR", 1 << 16),
    ("CC", 1 << 19),
    ("SP", 1 << 18),
    ("NV", 1 << 15),
    ("XP", 1 << 14),
    ("RP", 1 << 13),
    ("WP", 1 << 12),
    ("RO", 1 << 17),
    ("UCE", 1 << 4),
    ("WB", 1 << 3),
    ("WT", 1 << 2),
    ("WC", 1 << 1),
    ("UC", 1 << 0),
];

/// The map as firmware gave it, but that boot services memory which the kernel keeps for its own
/// reasons has the mark that this kernel gives it.
pub fn memory_map(log: &[String]) -> Result<Vec<Descriptor>> {
    let second = log.iter().position(|line| line.contains(SECOND));
    let second = second.with_context(|| format!("no line {SECOND:?}"))?;
    let mut map = Vec::new();
    let mut invalid = Vec::new();
    for line in entries(&log[..second]) {
        let (index, descriptor) = parse(line).with_context(|| format!("memory map: {line:?}"))?;
        // These come first, each with its place in the map as it was.
        if line.contains(INVALID) {
            invalid.push((index, descriptor));
        } else {
            map.push(descriptor);
        }
    }
    for (index, descriptor) in invalid {
        ensure!(index <= map.len(), "memory map: no place {index} in it");
        map.insert(index, descriptor);
    }
    for line in entries(&log[second..]) {
        let (_, kept) = parse(line).with_context(|| format!("memory map: {line:?}"))?;
        if BOOT_SERVICES.contains(&kept.ty) && kept.attribute & RUNTIME != 0 {
            keep(&mut map, &kept);
        }
    }
    Ok(map)
}

fn entries(log: &[String]) -> impl Iterator<Item = &str> {
    let lines = log.iter().filter_map(|line| line.split_once(ENTRY));
    let entries = lines.map(|(_, entry)| entry);
    // Others are about the memory attributes table.
    entries.filter(|entry| entry.starts_with(|first: char| first.is_ascii_digit()))
}

/// `00: [Boot Code   |   |  |UC] range=[0x0000000000000000-0x0000000000000fff] (0MB)`
fn parse(entry: &str) -> Option<(usize, Descriptor)> {
    let (index, rest) = entry.split_once(": [")?;
    let (words, rest) = rest.split_once("] range=[")?;
    let (range, _) = rest.split_once(']')?;
    let (ty, attributes) = words.split_once('|')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (hex(first)?, hex(last)?);
    let descriptor = Descriptor {
        ty: TYPES.iter().position(|name| *name == ty.trim_end())? as u32,
        phys: first.try_into().ok()?,
        // Without any, the last byte is said to be 0.
        pages: ((last + 1).saturating_sub(first) >> 12).try_into().ok()?,
        attribute: parse_attributes(attributes)?,
        virt: 0,
    };
    Some((index.parse().ok()?, descriptor))
}

fn parse_attributes(words: &str) -> Option<u64> {
    if let Some(number) = words.strip_prefix("attr=") {
        return hex(number)?.try_into().ok();
    }
    let words = words.split('|').map(str::trim);
    let words = words.filter(|word| !word.is_empty());
    words
        .map(|word| {
            let known = ATTRIBUTES.iter().find(|(name, _)| *name == word);
            known.map(|(_, bit)| bit)
        })
        .sum()
}

/// Of more than 64 bits, where firmware says what cannot be.
fn hex(number: &str) -> Option<u128> {
    u128::from_str_radix(number.strip_prefix("0x")?, 16).ok()
}

/// Marks what the kernel keeps, which may be several descriptors, or a part of one that it cuts out
/// for this: `efi_arch_mem_reserve()`.
fn keep(map: &mut Vec<Descriptor>, kept: &Descriptor) {
    let end = |d: &Descriptor| d.phys.saturating_add(d.pages.saturating_mul(1 << 12));
    let between = |d: &Descriptor, start: u64, until: u64| {
        let (start, end) = (start.max(d.phys), until.min(end(d)));
        (start < end).then(|| Descriptor {
            phys: start,
            pages: (end - start) >> 12,
            ..*d
        })
    };
    let (start, end) = (kept.phys, end(kept));
    let pieces = map.iter().flat_map(|d| {
        if d.ty != kept.ty || between(d, start, end).is_none() {
            return [Some(*d), None, None];
        }
        let marked = Descriptor {
            attribute: d.attribute | RUNTIME,
            ..*d
        };
        [
            between(d, 0, start),
            between(&marked, start, end),
            between(d, end, u64::MAX),
        ]
    });
    *map = pieces.flatten().collect();
}
