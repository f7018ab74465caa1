// SPDX-License-Identifier: GPL-2.0
//! A scenario: a machine, a chain of kernels, and what each must show. The scenario files' format
//! is described in tools/scenarios/README.md.

mod derive;
mod expand;
pub mod expect;
pub mod explain;
pub mod file;
mod matrix;
mod overlay;
mod step;
mod tolerated;

use anyhow::{ensure, Context, Result};
use efi_rtmap_guest::plan::{Action, Loader};
use efi_rtmap_orders::{Fault, MAX_FAULTS};
use serde::Deserialize;

use crate::arch::Arch;
use crate::words::Firmware;

pub use expect::{Check, Expect, RuntimeMap};
pub use step::{Image, Step};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// The path of its file, and the values of its matrix.
    #[serde(skip)]
    pub name: String,
    /// One line for people: what goes wrong if this fails.
    pub about: String,
    #[serde(default)]
    pub firmware: Firmware,
    /// QEMU's processor, if not the architecture's.
    pub cpu: Option<String>,
    /// Added to it, e.g. ",-la57".
    #[serde(default)]
    pub cpu_features: String,
    /// Added to the architecture's machine, e.g. ",virtualization=off".
    #[serde(default)]
    pub machine_options: String,
    /// Firmware describes the machine by a device tree, not by ACPI.
    #[serde(default)]
    pub device_tree: bool,
    /// Nodes of /reserved-memory in that tree.
    #[serde(default)]
    pub reserved_memory: Vec<Reserved>,
    /// QEMU's -smbios, e.g. "type=4,version=Some Processor".
    #[serde(default)]
    pub smbios: Vec<String>,
    /// See [`Scenario::memory_mib`].
    pub memory_mib: Option<u32>,
    #[serde(default = "default_smp")]
    pub smp: u32,
    #[serde(default = "default_time_limit")]
    pub time_limit_s: u32,
    /// There is a TPM, into which firmware measures what it starts.
    #[serde(default)]
    pub tpm: bool,
    /// There is a disk to hibernate on, and a reset starts the machine again instead of ending it.
    #[serde(default)]
    pub disk: bool,
    /// A file of this size in the initrd, of which every generation checks the content.
    #[serde(default)]
    pub ballast_mib: u32,
    /// The misbehaviours of firmware.
    #[serde(default)]
    pub fault: Vec<Fault>,
    /// Attach the hostile driver, which reports, though nothing is to go wrong.
    #[serde(default)]
    pub hostile: bool,
    /// Run the chain once more with all kernels of this image and no options of ours, and expect
    /// the same firmware map in each generation.
    pub same_as: Option<Image>,
    /// This chain is known not to work: the scenario shows the difference.
    pub expect_failure: Option<KnownFailure>,
    /// It takes so long that it runs only when asked for.
    #[serde(default)]
    pub long: bool,
    /// Each value of its matrix runs, on each architecture, where others run once, unless asked for.
    #[serde(default)]
    pub each_value: bool,
    /// The chain is so long that not all of it is told, or kept in variables.
    #[serde(skip)]
    pub soak: bool,
    /// The misbehaviour, for the table that compares with stock.
    pub row: Option<String>,
    /// The means to get by with such firmware, where the options of the kernels do not tell.
    pub needs: Option<String>,
    /// One for each generation.
    pub kernel: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownFailure {
    pub reason: String,
    /// The first generation that must fail; those before it must be good.
    pub generation: usize,
    /// Parts of expectations, one of which it must not meet.
    pub unmet: Vec<String>,
    /// A part of the last thing on the console, if the machine is never heard of again.
    pub last_words: Option<String>,
}

/// Memory that the device tree keeps from the kernel's ordinary use.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reserved {
    pub start: u64,
    pub size: u64,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The kernel does not even map it.
    NoMap,
    /// For allocations of large pieces; the kernel may use it for what can be moved.
    Cma,
}

/// Memory of a machine in which stock code runs after kexec. In a smaller one, kexec puts the kernel
/// where that code clears 16 bytes (promise 8).
pub const ROOM_FOR_STOCK_MIB: u32 = 3072;
const MEMORY_MIB: u32 = 1024;
/// The kernel's list of the services that it calls.
pub const SERVICES: &str = "/sys/firmware/efi/rtmap/services";

fn default_smp() -> u32 {
    1
}

/// Seconds: three times what the usual chain takes on a slow machine.
fn default_time_limit() -> u32 {
    240
}

impl Scenario {
    /// The scenario of a file with nothing else in it.
    pub fn new(name: String, about: String, kernel: Vec<Step>) -> Self {
        Self {
            name,
            about,
            firmware: Firmware::default(),
            cpu: None,
            cpu_features: String::new(),
            machine_options: String::new(),
            device_tree: false,
            reserved_memory: Vec::new(),
            smbios: Vec::new(),
            memory_mib: None,
            smp: default_smp(),
            time_limit_s: default_time_limit(),
            tpm: false,
            disk: false,
            ballast_mib: 0,
            same_as: None,
            expect_failure: None,
            fault: Vec::new(),
            hostile: false,
            long: false,
            each_value: false,
            soak: false,
            row: None,
            needs: None,
            kernel,
        }
    }

    /// Adds to what each kernel must show what follows from the rest. A scenario is not fit to be
    /// judged by without it.
    pub fn complete(&mut self, arch: &Arch) {
        derive::complete(&mut self.kernel, &arch.rtmap, self.firmware);
        tolerated::complete(&mut self.kernel, &self.fault);
    }

    /// The checks that the types cannot make.
    pub fn validate(&self, arch: &Arch) -> Result<()> {
        ensure!(
            !self.name.is_empty() && !self.name.contains(['/', '{', ' ']),
            "name: {:?} cannot name a directory",
            self.name
        );
        ensure!(!self.kernel.is_empty(), "kernel: there is none");
        ensure!(self.smp > 0, "smp: 0");
        ensure!(
            self.device_tree || self.reserved_memory.is_empty(),
            "reserved-memory: needs device-tree = true"
        );
        ensure!(
            !self.device_tree || arch.device_tree.is_some(),
            "device-tree: {} has none",
            arch.name
        );
        ensure!(
            self.fault.len() <= MAX_FAULTS,
            "fault: {} of them, {MAX_FAULTS} at most",
            self.fault.len()
        );
        for (index, fault) in self.fault.iter().enumerate() {
            let only = fault.what.only_on().unwrap_or(arch.name);
            ensure!(
                only == arch.name,
                "fault[{index}].what: {:?} exists on {only} only, not on {}",
                fault.what,
                arch.name
            );
        }
        for (index, step) in self.kernel.iter().enumerate() {
            step.validate(index == 0)
                .with_context(|| format!("kernel[{index}]"))?;
        }
        Ok(())
    }

    /// The machine's memory. If the scenario does not say it, stock code in the chain gets room,
    /// unless it is a crash kernel, which has memory of its own.
    pub fn memory_mib(&self) -> u32 {
        let in_crash = |step: &Step| step.loader.is_some_and(Loader::starts_in_crash);
        let chain: Vec<_> = self.kernel.iter().filter(|step| !in_crash(step)).collect();
        let stock = chain.len() > 1 && chain.iter().any(|step| !step.passes_on());
        let default = if stock {
            ROOM_FOR_STOCK_MIB
        } else {
            MEMORY_MIB
        };
        self.memory_mib.unwrap_or(default)
    }

    /// The hostile driver is in the machine.
    pub fn is_hostile(&self) -> bool {
        self.hostile || !self.fault.is_empty()
    }

    /// The words of our own boot option, of all kernels, each once.
    pub fn our_options(&self) -> Vec<&str> {
        let mut ours = Vec::new();
        for step in &self.kernel {
            for word in step
                .options
                .split_ascii_whitespace()
                .filter(|word| is_ours(word))
            {
                if !ours.contains(&word) {
                    ours.push(word);
                }
            }
        }
        ours
    }

    /// A kernel of Debian's own is in the chain.
    pub fn has_neighbours(&self) -> bool {
        self.kernel.iter().any(|step| step.image.is_debian())
    }

    /// The same chain, all of `image` but for Debian's own kernels, without our options and
    /// expectations.
    pub fn all_of(&self, image: Image) -> Self {
        let mut twin = self.clone();
        twin.name = format!("{}.{image}", self.name);
        twin.memory_mib = Some(self.memory_mib());
        twin.same_as = None;
        for step in &mut twin.kernel {
            if !step.image.is_debian() {
                step.image = image;
            }
            step.options = without_our_option(&step.options);
            step.expect = Expect::default();
        }
        twin
    }

    /// The same chain with firmware in user mode, without expectations. In the end, each kernel tells
    /// the services that it still calls.
    pub fn in_user_mode(&self) -> Self {
        let mut twin = self.clone();
        twin.name = format!("{}.user", self.name);
        twin.same_as = None;
        let starts_next = self.kernel.iter().skip(1).map(Step::started_by_action);
        for (step, starts_next) in twin.kernel.iter_mut().zip(starts_next.chain([false])) {
            if step.rtmap_on() {
                step.options += " efi=rtmap:user";
                let end = step.then.len().saturating_sub(usize::from(starts_next));
                step.then.insert(end, Action::Read(SERVICES.into()));
            }
            step.expect = Expect::default();
        }
        twin
    }
}

fn without_our_option(options: &str) -> String {
    let words = options.split_ascii_whitespace();
    let others: Vec<&str> = words.filter(|word| !is_ours(word)).collect();
    others.join(" ")
}

fn is_ours(word: &str) -> bool {
    word.starts_with("efi=rtmap:")
}
