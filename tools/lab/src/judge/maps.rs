// SPDX-License-Identifier: GPL-2.0
//! The map is what it is said to be, and that of the kernels before.

use std::iter;
use std::ops::Range;

use efi_rtmap_guest::ptdump::Mapping;
use efi_rtmap_guest::report::RuntimeRegion;

use super::Judge;
use crate::machine::report::Report;
use crate::scenario::RuntimeMap;
use crate::words::{Firmware, Kind, Svam, Wx, WxWord};

/// Of the sizes in the firmware's map.
const EFI_PAGE: u64 = 4096;

impl Judge<'_> {
    pub(super) fn page_tables(&mut self) {
        let facts = self.facts;
        let expect = &self.step.expect;
        if expect.without_firmware() || self.step.expect.wx == Some(Wx::Word(WxWord::Any)) {
            return;
        }
        let Some(mappings) = self.worked("reading the EFI page tables", &facts.page_tables) else {
            return;
        };
        self.only_of_regions(mappings);
        let ranges: Vec<&Mapping> = mappings.iter().filter(|m| m.write_and_execute()).collect();
        let pages = ranges.iter().map(|m| m.bytes()).sum::<u64>() / facts.page_size;
        let shown: Vec<String> = ranges
            .iter()
            .map(|m| format!("{:#x}-{:#x}", m.start, m.end))
            .collect();
        let seen = format!("{} {}", ranges.len(), shown.join(" "));
        self.wx_pages(ranges.iter().map(|m| m.bytes()).sum::<u64>() / EFI_PAGE);
        let exactly = match self.step.expect.wx {
            Some(Wx::Exactly(count)) => count,
            Some(Wx::Word(WxWord::None)) => 0,
            Some(Wx::Word(WxWord::Some)) => {
                self.expect(!ranges.is_empty(), || "some W+X ranges".into(), seen);
                return;
            }
            None if self.step.rtmap_on() && self.step.expect.wx_pages.is_none() => {
                let shared = self.shared_pages();
                self.expect(
                    pages <= shared,
                    || format!("no W+X pages but the {shared} that regions share"),
                    format!("{pages} pages, ranges: {seen}"),
                );
                return;
            }
            Some(Wx::Word(WxWord::Any)) | None => return,
        };
        self.expect(
            ranges.len() == exactly,
            || format!("{exactly} W+X ranges"),
            seen,
        );
    }

    /// Nothing is mapped for firmware but its regions and page 0. Thunks for 32-bit firmware need more.
    fn only_of_regions(&mut self, mappings: &[Mapping]) {
        let Ok(regions) = &self.facts.runtime_map else {
            return;
        };
        if !self.step.rtmap_on() || self.scenario.firmware != Firmware::Default {
            return;
        }
        let page = self.facts.page_size;
        let of_region = |region: &RuntimeRegion| {
            let bytes = region.pages.saturating_mul(EFI_PAGE);
            [region.phys, region.virt].map(|start| {
                let end = start.saturating_add(bytes).div_ceil(page);
                start / page * page..end.saturating_mul(page)
            })
        };
        let page_zero = iter::once(0..page);
        let ranges: Vec<Range<u64>> = regions
            .iter()
            .flat_map(of_region)
            .chain(page_zero)
            .collect();
        // A mapping may hold several regions that are neighbours.
        let stray = mappings.iter().find_map(|mapping| {
            let mut address = mapping.start;
            while address < mapping.end {
                let Some(range) = ranges.iter().find(|range| range.contains(&address)) else {
                    return Some(address);
                };
                address = range.end;
            }
            None
        });
        let stray = stray.map(|address| format!("{address:#x}"));
        self.expect(
            stray.is_none(),
            || "nothing mapped for firmware outside of its regions".into(),
            stray.unwrap_or_default(),
        );
    }

    /// The kernel's number of W+X pages is that of the page tables.
    fn wx_pages(&mut self, there: u64) {
        let Some(wanted) = self.step.expect.wx_pages else {
            return;
        };
        let file = self.facts.rtmap.as_ref();
        let file = file.and_then(|files| files.get("wx_pages"));
        let file = file.map_or("no such file", String::as_str);
        self.expect(
            file == there.to_string(),
            || format!("wx_pages {there}, as the page tables have"),
            file,
        );
        let fits = match wanted {
            Wx::Exactly(count) => there == count as u64,
            Wx::Word(WxWord::None) => there == 0,
            Wx::Word(WxWord::Some) => there > 0,
            Wx::Word(WxWord::Any) => true,
        };
        self.expect(fits, || format!("W+X pages: {wanted:?}"), there.to_string());
    }

    /// Kernels that do not count them have pages that no two regions share.
    fn shared_pages(&self) -> u64 {
        let file = self
            .facts
            .rtmap
            .as_ref()
            .and_then(|files| files.get("shared_pages"));
        file.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    pub(super) fn runtime_map(&mut self) {
        let facts = self.facts;
        let same = self.step.expect.runtime_map == Some(RuntimeMap::Same);
        // Where successors go by the map, a kernel takes the addresses of firmware that has failed back.
        let failed = self.step.expect.faulted == Some(true);
        let kind = self.step.expect.kind;
        let kind = kind.filter(|kind| *kind != Kind::None && !failed);
        if !same && kind.is_none() && self.observed.twin.is_none() {
            return;
        }
        let Some(regions) = self.worked("reading the runtime map", &facts.runtime_map) else {
            return;
        };
        if let Some(kind) = kind {
            let fixed = &self.observed.arch.rtmap.fixed;
            let fits = |region: &&RuntimeRegion| match kind {
                Kind::Fixed => region.virt != region.phys && fixed.contains(&region.virt),
                _ => region.virt == region.phys,
            };
            let other = regions.iter().find(|region| !fits(region));
            self.expect(
                other.is_none(),
                || format!("runtime map with addresses of kind {kind}"),
                format!("{other:x?}"),
            );
        }
        let of = |report: &Report, k: usize| {
            let facts = report.facts(k)?;
            facts.runtime_map.as_ref().ok().cloned()
        };
        if same {
            let before = self.generation.checked_sub(1);
            let before = before.and_then(|k| of(self.observed.report, k));
            self.expect(
                before.as_ref() == Some(regions),
                || format!("runtime map as in the generation before: {before:x?}"),
                format!("{regions:x?}"),
            );
        }
        if let Some(twin) = self.observed.twin {
            let ours = of_firmware(regions);
            let twins = of(twin, self.generation).map(|regions| of_firmware(&regions));
            self.expect(
                twins.as_ref() == Some(&ours),
                || format!("runtime map as in the twin: {twins:x?}"),
                format!("{ours:x?}"),
            );
        }
    }

    /// A successor finds in the system table what SVAM, called before its time, has made of it.
    pub(super) fn converted(&mut self) {
        // The first kernel's table is as firmware left it; without services, nothing is shown.
        let shown = self.generation > 0 && self.step.expect.kind != Some(Kind::None);
        let Some(svam) = self.step.expect.svam.filter(|_| shown) else {
            return;
        };
        let facts = self.facts;
        let what = "reading where the runtime services are";
        let Some(&address) = self.worked(what, &facts.runtime_services) else {
            return;
        };
        let Some(regions) = self.worked("reading the runtime map", &facts.runtime_map) else {
            return;
        };
        let converted = svam == Svam::CalledFixed && !self.converts_nothing();
        let there = regions.iter().any(|region| {
            let start = if converted { region.virt } else { region.phys };
            // Firmware may claim more pages than there are bytes.
            address.wrapping_sub(start) / EFI_PAGE < region.pages
        });
        self.expect(
            there,
            || format!("firmware to have been converted as {svam} says"),
            format!("runtime services at {address:#x}"),
        );
    }
}

/// The regions that are firmware's own. Boot services memory that a kernel keeps, for a table in
/// it, lies where the stub's allocations left room: elsewhere for a kernel of another size.
fn of_firmware(regions: &[RuntimeRegion]) -> Vec<RuntimeRegion> {
    const BOOT_SERVICES: [u64; 2] = [3, 4];
    let kept = |region: &&RuntimeRegion| !BOOT_SERVICES.contains(&region.kind);
    regions.iter().filter(kept).cloned().collect()
}
