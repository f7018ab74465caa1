// SPDX-License-Identifier: GPL-2.0
//! The EFI page tables of one generation: a picture of the regions, and a list of all mappings.

use efi_rtmap_guest::ptdump::Mapping;
use efi_rtmap_guest::report::{Facts, Outcome};
use efi_rtmap_picture::{changes, gone, inline, size, Part, Region, PAGE};
use maud::{html, Markup};

use super::page::count;

/// Neighbours with the same rights.
#[derive(Clone, PartialEq, Eq)]
struct Range {
    start: u64,
    end: u64,
    rights: &'static str,
    cached: bool,
}

/// The map of `facts`, with its differences from that of `before`.
pub fn shown(facts: &Facts, before: Option<&Facts>) -> Markup {
    let old = before.map(regions).and_then(Outcome::ok);
    html! {
        @match regions(facts) {
            Ok(regions) => (picture(&regions, old.as_deref())),
            Err(error) => p class="quiet" { "No list of regions: " (error) },
        }
        @match &facts.page_tables {
            Ok(mappings) => (list(&ranges(mappings), before)),
            Err(error) => p class="quiet" { "No page tables: " (error) },
        }
    }
}

fn picture(regions: &[Region], old: Option<&[Region]>) -> Markup {
    let marks = match old {
        Some(old) => changes(old, regions),
        None => vec![None; regions.len()],
    };
    let gone = old.map_or_else(Vec::new, |old| gone(old, regions));
    let changed = marks.iter().flatten().count();
    html! {
        @if old.is_some() {
            p {
                @if changed == 0 && gone.is_empty() {
                    "= The regions are those of the generation before."
                } @else {
                    "Δ " (count(changed, "region")) " changed since the generation before, marked by a broken line."
                }
            }
        }
        @for region in gone {
            p { "− " (format!("{:#x}", region.phys)) ", " (size(region.bytes())) ": gone" }
        }
        (inline(regions, &marks))
    }
}

/// The regions that a successor gets, with the rights that the page tables give.
fn regions(facts: &Facts) -> Outcome<Vec<Region>> {
    let mappings = facts.page_tables.as_ref().ok().map(|all| ranges(all));
    let listed = facts.runtime_map.as_ref().map_err(String::clone)?;
    let mut regions = Vec::new();
    for listed in listed {
        let ty = u32::try_from(listed.kind).unwrap_or(u32::MAX);
        let region = Region::new(listed.phys, listed.virt, listed.pages, ty);
        let mut region = region.map_err(|error| error.to_string())?;
        region.parts = mappings
            .as_deref()
            .map_or_else(Vec::new, |all| parts(&region, all));
        regions.push(region);
    }
    Ok(regions)
}

/// All of a region, where parts without a mapping have no rights.
fn parts(region: &Region, mappings: &[Range]) -> Vec<Part> {
    let last = region.virt + region.bytes();
    let mut parts = Vec::new();
    let mut next = region.virt;
    let mut add = |start: u64, end: u64, rights: &str| {
        if start < end {
            parts.push(Part {
                phys: region.phys + (start - region.virt),
                pages: (end - start) / PAGE,
                rights: rights.into(),
            });
        }
    };
    for mapping in mappings.iter().filter(|one| one.start < last) {
        let (start, end) = (mapping.start.max(next), mapping.end.min(last));
        if start < end {
            add(next, start, "---");
            add(start, end, mapping.rights);
            next = end;
        }
    }
    add(next, last, "---");
    parts
}

/// Mappings in the order of addresses, neighbours with the same rights as one.
fn ranges(mappings: &[Mapping]) -> Vec<Range> {
    let mut mappings: Vec<_> = mappings.iter().collect();
    mappings.sort_by_key(|mapping| mapping.start);
    let mut ranges: Vec<Range> = Vec::new();
    for mapping in mappings {
        let new = Range {
            start: mapping.start,
            end: mapping.end,
            rights: match (mapping.write, mapping.execute) {
                (false, false) => "r--",
                (true, false) => "rw-",
                (false, true) => "r-x",
                (true, true) => "rwx",
            },
            cached: mapping.cached,
        };
        match ranges.last_mut() {
            Some(last)
                if last.end == new.start
                    && (last.rights, last.cached) == (new.rights, new.cached) =>
            {
                last.end = new.end;
            }
            _ => ranges.push(new),
        }
    }
    ranges
}

/// All mappings, folded; with a sign for each that is new or gone.
fn list(now: &[Range], before: Option<&Facts>) -> Markup {
    let old = before.and_then(|facts| facts.page_tables.as_ref().ok());
    let old = old.map(|mappings| ranges(mappings));
    let is_new = |range: &Range| old.as_ref().is_some_and(|old| !old.contains(range));
    let gone = old.iter().flatten().filter(|range| !now.contains(range));
    let mut rows: Vec<(&str, &Range)> = gone.map(|range| ("−", range)).collect();
    rows.extend(
        now.iter()
            .map(|range| (if is_new(range) { "+" } else { "" }, range)),
    );
    rows.sort_by_key(|(_, range)| range.start);
    let signs = |sign: &str| rows.iter().filter(|(own, _)| *own == sign).count();
    html! {
        details {
            summary {
                (count(now.len(), "mapping")) " in the EFI page tables"
                @if old.is_some() { ", " (signs("+")) " new, " (signs("−")) " gone" }
            }
            div class="scroll" {
                table class="mappings" {
                    tr { th {} th { "addresses" } th { "size" } th { "rights" } th { "cached" } }
                    @for (sign, range) in &rows {
                        tr {
                            td { (sign) }
                            td { (format!("{:#x}-{:#x}", range.start, range.end.saturating_sub(1))) }
                            td { (size(range.end.saturating_sub(range.start))) }
                            td { (range.rights) }
                            td { (if range.cached { "yes" } else { "no" }) }
                        }
                    }
                }
            }
        }
    }
}
