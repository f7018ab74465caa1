// SPDX-License-Identifier: GPL-2.0
//! The facts that the kernel shows about the map. The values of the files are checked here, once.

use std::iter;

use anyhow::{bail, Context, Result};
use efi_rtmap_plan::dump::{Dump, Message};
use efi_rtmap_plan::words;
use serde::Serialize;

use crate::machine::{Found, Machine};

pub const TABLE: &str = "sys/firmware/efi/rtmap/table";
const WIDTH: &str = "sys/firmware/efi/fw_platform_size";
const ORIGINS: [&str; 4] = ["fresh", "handover", "legacy", "none"];

/// A service that the kernel does not call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Off {
    pub service: &'static str,
    pub because: Because,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// All services are off.
    All,
    /// Firmware says that it does not have it.
    Unsupported,
    /// Its pointer leads to no code.
    Pointer,
    /// Firmware was stopped in user mode.
    Failed,
    /// Firmware is 32-bit, and the kernel calls the service in user mode only, or not at all.
    Width,
    /// The handover table gives no reason, or cannot be read.
    Unknown,
}

pub struct Facts {
    pub kind: &'static str,
    pub origin: &'static str,
    pub svam: &'static str,
    /// [`None`] if services are off.
    pub generation: Option<u32>,
    pub reason: String,
    pub requested: &'static str,
    pub regions: u64,
    pub shared_pages: u64,
    pub wx_pages: u64,
    pub faulted: bool,
    pub on: Vec<&'static str>,
    pub privilege: &'static str,
    /// [`None`] in a kernel without user mode.
    pub privileges: Option<Vec<String>>,
    pub table: Found<Dump>,
    /// Firmware is 32-bit.
    pub narrow: bool,
}

impl Facts {
    pub fn read(machine: &Machine) -> Result<Self> {
        let word = |file: &str, words: &mut dyn Iterator<Item = &'static str>| {
            one_of(file, &machine.rtmap(file)?, words)
        };
        let number = |file: &str| count(file, &machine.rtmap(file)?);
        let generation = machine.rtmap("generation")?;
        let generation = match generation.as_str() {
            "unknown" => None,
            value => {
                let error = || format!("generation: {value:?} is neither a number nor unknown");
                Some(value.parse().with_context(error)?)
            }
        };
        let privileges = machine.line("sys/firmware/efi/rtmap/privileges")?;
        let privileges = privileges.value().map(|value| listed(value));
        Ok(Self {
            kind: word("kind", &mut words::kinds().chain(["none"]))?,
            origin: word("origin", &mut ORIGINS.into_iter())?,
            svam: word("svam", &mut words::svam_states())?,
            generation,
            reason: machine.rtmap("reason")?,
            requested: word("requested", &mut iter::once("auto").chain(words::kinds()))?,
            regions: number("regions")?,
            shared_pages: number("shared_pages")?,
            wx_pages: number("wx_pages")?,
            faulted: word("faulted", &mut ["0", "1"].into_iter())? == "1",
            on: services(&machine.rtmap("services")?)?,
            privilege: word("privilege", &mut words::privileges())?,
            privileges,
            table: table(machine)?,
            narrow: narrow(machine)?,
        })
    }

    /// The message for the next kernel, if the table can be read and has one.
    pub fn message(&self) -> Option<&Message> {
        self.table.value()?.message().ok()?
    }

    /// The generation that called SVAM, if that is known.
    pub fn svam_generation(&self) -> Option<u32> {
        match (self.svam, self.origin) {
            ("not-called" | "unknown", _) => None,
            (_, "fresh") => self.generation,
            _ => self.message()?.svam_generation,
        }
    }

    /// The services that the kernel does not call, with the reason.
    pub fn off(&self) -> Vec<Off> {
        let names = words::services().filter(|name| !self.on.contains(name));
        names.map(|service| self.why_off(service)).collect()
    }

    fn why_off(&self, service: &'static str) -> Off {
        let table = self.table.value();
        let is_in = |list: &[&str]| list.contains(&service);
        let because = if self.on.is_empty() {
            Because::All
        } else if table.is_some_and(|table| is_in(&table.failed)) {
            Because::Failed
        } else if table.is_some_and(|table| is_in(&table.services_off)) {
            Because::Pointer
        } else if table
            .is_some_and(|table| table.supported.as_ref().is_some_and(|list| !is_in(list)))
        {
            Because::Unsupported
        } else if self.narrow {
            Because::Width
        } else {
            Because::Unknown
        };
        Off { service, because }
    }
}

fn one_of(
    file: &str,
    value: &str,
    words: &mut dyn Iterator<Item = &'static str>,
) -> Result<&'static str> {
    let allowed: Vec<_> = words.collect();
    let known = allowed.iter().find(|&&word| word == value);
    known.copied().with_context(|| {
        format!(
            "{file}: {value:?} is none of {}: get a newer rtmapctl",
            allowed.join(", ")
        )
    })
}

fn count(file: &str, value: &str) -> Result<u64> {
    value
        .parse()
        .with_context(|| format!("{file}: {value:?} is no number"))
}

fn services(value: &str) -> Result<Vec<&'static str>> {
    let mut on = Vec::new();
    for name in listed(value) {
        let Some(known) = words::services().find(|known| *known == name) else {
            bail!("services: {name:?} is no runtime service: get a newer rtmapctl");
        };
        on.push(known);
    }
    Ok(on)
}

/// The words of a list, which is `none` if there are none.
fn listed(value: &str) -> Vec<String> {
    let words = value.split_whitespace().filter(|&word| word != "none");
    words.map(String::from).collect()
}

fn table(machine: &Machine) -> Result<Found<Dump>> {
    Ok(match machine.bytes(TABLE)? {
        Found::Value(bytes) => {
            let path = machine.path(TABLE);
            let table = Dump::read(&bytes);
            Found::Value(table.map_err(|refusal| anyhow::anyhow!("{}: {refusal}", path.display()))?)
        }
        Found::Missing => Found::Missing,
        Found::Forbidden => Found::Forbidden,
    })
}

fn narrow(machine: &Machine) -> Result<bool> {
    match machine.line(WIDTH)?.value().map(String::as_str) {
        Some("32") => Ok(true),
        Some("64") | None => Ok(false),
        Some(other) => bail!("/{WIDTH}: {other:?} is neither 32 nor 64"),
    }
}
