// SPDX-License-Identifier: GPL-2.0
//! The mappings, page by page.

use std::fmt;

use efi_rtmap_guest::ptdump::Mapping;
use efi_rtmap_stock::{at, Machine, Mapped, PAGE};

use super::Difference;

/// The state of an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Nothing,
    Mapped {
        write: bool,
        execute: bool,
        cached: bool,
    },
}

/// Addresses at which nothing changes.
struct Stretch {
    start: u64,
    end: u64,
    model: State,
    kernel: State,
}

/// Where `model` and the page tables of the `kernel` differ.
pub fn compare(model: &[Mapped], kernel: &[Mapping], machine: Machine) -> Vec<Difference> {
    let mut stretches = stretches(model, kernel);
    stretches.retain(|stretch| stretch.model != stretch.kernel);
    if let Machine::X86 { .. } = machine {
        // Nothing tells where it is, so that the model does not know of it.
        let svam_map = stretches.iter().position(Stretch::may_be_svam_map);
        svam_map.map(|index| stretches.remove(index));
    }
    stretches.iter().map(Stretch::difference).collect()
}

fn stretches(model: &[Mapped], kernel: &[Mapping]) -> Vec<Stretch> {
    let models = model.iter().map(|m| [m.virt, m.virt + m.pages * PAGE]);
    let kernels = kernel.iter().map(|m| [m.start, m.end]);
    let mut edges: Vec<u64> = models.chain(kernels).flatten().collect();
    edges.sort_unstable();
    edges.dedup();
    let mut stretches: Vec<Stretch> = Vec::new();
    for pair in edges.windows(2) {
        let [start, end] = [pair[0], pair[1]];
        let next = Stretch {
            start,
            end,
            model: at(model, start).into(),
            kernel: kernel
                .iter()
                .find(|m| (m.start..m.end).contains(&start))
                .into(),
        };
        match stretches.last_mut() {
            Some(last) if (last.model, last.kernel) == (next.model, next.kernel) => last.end = end,
            _ => stretches.push(next),
        }
    }
    stretches
}

impl Stretch {
    /// The map that SVAM is called with is in memory of the kernel's, and firmware reads it there:
    /// `efi_setup_page_tables()`.
    fn may_be_svam_map(&self) -> bool {
        let memory = State::Mapped {
            write: true,
            execute: false,
            cached: true,
        };
        (self.model, self.kernel) == (State::Nothing, memory) && self.end < 1 << 63
    }

    fn difference(&self) -> Difference {
        Difference {
            what: format!("{:#x}-{:#x}", self.start, self.end),
            model: self.model.to_string(),
            kernel: self.kernel.to_string(),
        }
    }
}

impl From<Option<&Mapped>> for State {
    fn from(mapped: Option<&Mapped>) -> Self {
        mapped.map_or(Self::Nothing, |m| Self::Mapped {
            write: m.rights.write,
            execute: m.rights.execute,
            cached: m.cached,
        })
    }
}

impl From<Option<&Mapping>> for State {
    fn from(mapping: Option<&Mapping>) -> Self {
        mapping.map_or(Self::Nothing, |m| Self::Mapped {
            write: m.write,
            execute: m.execute,
            cached: m.cached,
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Mapped {
            write,
            execute,
            cached,
        } = *self
        else {
            return f.write_str("not mapped");
        };
        let write = if write { 'w' } else { '-' };
        let execute = if execute { 'x' } else { '-' };
        let cached = if cached { "cached" } else { "uncached" };
        write!(f, "r{write}{execute} {cached}")
    }
}
