// SPDX-License-Identifier: GPL-2.0
//! A stock kernel maps for firmware what the model of stock says, with which the plan's own tests
//! compare ours.

mod kernel_log;
mod mappings;

use anyhow::{anyhow, bail, Context, Result};
use efi_rtmap_guest::plan::Action;
use efi_rtmap_guest::report::RuntimeRegion;
use efi_rtmap_orders::Event;
use efi_rtmap_record::recording::Descriptor;
use efi_rtmap_record::Recording;
use efi_rtmap_stock::{Firmware, Machine, Region};

use super::Judge;

/// More of them say no more.
const MOST_DIFFERENCES: usize = 4;

/// Something of which kernel and model say different things.
struct Difference {
    what: String,
    model: String,
    kernel: String,
}

impl Judge<'_> {
    pub(super) fn modelled(&mut self) {
        if !self.step.expect.as_modelled {
            return;
        }
        let differences = match self.differences() {
            Ok(differences) => differences,
            Err(error) => {
                return self.find("what the model of stock has to know", format!("{error:#}"))
            }
        };
        for Difference {
            what,
            model,
            kernel,
        } in differences.iter().take(MOST_DIFFERENCES)
        {
            self.find(format!("{what} {model}, as in the model of stock"), kernel);
        }
        if differences.len() > MOST_DIFFERENCES {
            let more = differences.len() - MOST_DIFFERENCES;
            self.find("no more than that", format!("{more} other differences"));
        }
    }

    fn differences(&self) -> Result<Vec<Difference>> {
        let recording = self.recording()?;
        let machine = self.machine(&recording)?;
        let map = match machine {
            // Of which the kernel has made its own since.
            Machine::X86 { .. } => kernel_log::memory_map(&self.told.log)?,
            Machine::Arm64 { .. } => recording.firmware.memory_map.descriptors,
        };
        let firmware = Firmware {
            machine,
            map: &map,
            descriptor_size: recording.firmware.memory_map.descriptor_size,
            attributes: recording.firmware.memory_attributes.as_ref(),
        };
        let regions = worked("runtime map", &self.facts.runtime_map)?;
        let tables = worked("page tables", &self.facts.page_tables)?;
        let mut differences = compare_regions(&firmware.regions(), regions);
        differences.extend(mappings::compare(&firmware.mapped(), tables, machine));
        Ok(differences)
    }

    /// The words of the action, as a recording.
    fn recording(&self) -> Result<Recording> {
        let mut actions = self.told.actions.iter();
        let told = actions.find(|(action, _)| *action == Action::RecordFirmware);
        let (_, outcome) = told.context("no recording")?;
        Ok(toml::from_str(worked("recording", outcome)?)?)
    }

    fn machine(&self, recording: &Recording) -> Result<Machine> {
        Ok(match self.observed.arch.name {
            "x86_64" => Machine::X86 {
                bits: recording.firmware.bits,
                debug: true,
            },
            "arm64" => Machine::Arm64 {
                page: self.facts.page_size,
                svam: self
                    .observed
                    .firmware
                    .context("no hostile driver to tell of SVAM")?
                    .iter()
                    .any(|event| matches!(event, Event::Svam { .. })),
            },
            other => bail!("no model of stock on {other}"),
        })
    }
}

fn worked<'t, T>(what: &str, outcome: &'t Result<T, String>) -> Result<&'t T> {
    outcome.as_ref().map_err(|error| anyhow!("{what}: {error}"))
}

/// The ranges that have an address, and which one.
fn compare_regions(model: &[Region], kernel: &[RuntimeRegion]) -> Vec<Difference> {
    let mut model: Vec<_> = model.iter().map(told_as).collect();
    model.sort();
    let only_in = |these: &[RuntimeRegion], those: &[RuntimeRegion]| {
        let mut these = these.to_vec();
        these.retain(|region| !those.contains(region));
        these
    };
    let (ours, theirs) = (only_in(&model, kernel), only_in(kernel, &model));
    let places = ours.iter().chain(&theirs).map(|region| region.phys);
    let mut places: Vec<u64> = places.collect();
    places.sort_unstable();
    places.dedup();
    let at = |regions: &[RuntimeRegion], place| {
        let regions = regions.iter().filter(|region| region.phys == place);
        let words: Vec<String> = regions.map(described).collect();
        if words.is_empty() {
            return "no region".into();
        }
        words.join(" and ")
    };
    let difference = |place: &u64| Difference {
        what: format!("runtime map at {place:#x}:"),
        model: at(&ours, *place),
        kernel: at(&theirs, *place),
    };
    places.iter().map(difference).collect()
}

/// As kernels tell their successors.
fn told_as(region: &Region) -> RuntimeRegion {
    let Descriptor {
        ty,
        phys,
        pages,
        attribute,
        ..
    } = region.descriptor;
    RuntimeRegion {
        phys,
        virt: region.virt.unwrap_or(0),
        pages,
        kind: ty.into(),
        attribute,
    }
}

fn described(region: &RuntimeRegion) -> String {
    format!(
        "type {}, {:#x} pages, attributes {:#x}, address {:#x}",
        region.kind, region.pages, region.attribute, region.virt
    )
}
