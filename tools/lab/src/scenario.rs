// SPDX-License-Identifier: GPL-2.0
//! A scenario: a machine, a chain of kernels, and what each must show. The scenario files' format
//! is described in tools/scenarios/README.md.

pub mod expect;
pub mod step;

use anyhow::{bail, ensure, Context, Result};
use efi_rtmap_orders::{Fault, MAX_FAULTS};
use serde::Deserialize;

use crate::arch::{self, Arch};
use crate::judge::Finding;

pub use expect::{Check, Expect, Kind, Origin, Requested, RuntimeMap, Svam, Wx, WxWord, YesNo};
pub use step::{Image, Step};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    pub name: String,
    /// One line for people: what goes wrong if this fails.
    pub about: String,
    /// The names of those that it is for; all if not given.
    pub arch: Option<Vec<String>>,
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
    #[serde(default = "default_memory")]
    pub memory_mib: u32,
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
    /// What firmware does wrong.
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
    /// Each value of the matrix runs on one architecture only, unless asked for.
    #[serde(default)]
    pub take_turns: bool,
    /// The chain is so long that not all of it is told, or kept in variables.
    #[serde(skip)]
    pub soak: bool,
    /// The misbehaviour, for the table that compares with stock.
    pub row: Option<String>,
    /// What it takes to get by with such firmware, where the options of the kernels do not tell.
    pub needs: Option<String>,
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

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Firmware {
    /// The release build of the architecture's EDK2.
    #[default]
    Default,
    /// EDK2 for 32-bit processors, on x86.
    Ia32,
}

fn default_memory() -> u32 {
    1024
}

fn default_smp() -> u32 {
    1
}

fn default_time_limit() -> u32 {
    120
}

impl Scenario {
    /// What a file with nothing else in it gives.
    pub fn new(name: String, about: String, kernel: Vec<Step>) -> Self {
        Self {
            name,
            about,
            arch: None,
            firmware: Firmware::default(),
            cpu: None,
            cpu_features: String::new(),
            machine_options: String::new(),
            device_tree: false,
            reserved_memory: Vec::new(),
            smbios: Vec::new(),
            memory_mib: default_memory(),
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
            take_turns: false,
            soak: false,
            row: None,
            needs: None,
            kernel,
        }
    }

    /// One step per generation.
    pub fn generations(&self) -> Vec<&Step> {
        self.kernel
            .iter()
            .flat_map(|step| std::iter::repeat_n(step, step.repeat as usize))
            .collect()
    }

    /// What generation `k` must say in sysfs: as long as all before it count, its number.
    pub fn generation(&self, k: usize) -> Option<u32> {
        let steps = self.generations();
        let expect = &steps[k].expect;
        let counted = steps[..k].iter().all(|step| step.passes_on());
        let proven = matches!(expect.origin, Some(Origin::Fresh | Origin::Handover));
        let number = (counted && proven).then_some(k as u32);
        expect.generation.or(number)
    }

    /// The checks that the types cannot make.
    pub fn validate(&self) -> Result<()> {
        ensure!(
            !self.take_turns || self.arch.is_none(),
            "take-turns: it is for some architectures only"
        );
        ensure!(
            !self.name.is_empty() && !self.name.contains(['/', '{', ' ']),
            "name: {:?} cannot name a directory",
            self.name
        );
        ensure!(!self.kernel.is_empty(), "kernel: there is none");
        ensure!(self.smp > 0, "smp: 0");
        for name in self.arch.iter().flatten() {
            arch::named(name).context("arch")?;
        }
        ensure!(
            self.device_tree || self.reserved_memory.is_empty(),
            "reserved-memory: needs device-tree = true"
        );
        let without = arch::ALL
            .into_iter()
            .find(|arch| arch.device_tree.is_none() && self.is_for(arch));
        if let Some(arch) = without.filter(|_| self.device_tree) {
            bail!("device-tree: {} has none", arch.name);
        }
        ensure!(
            self.fault.len() <= MAX_FAULTS,
            "fault: {} of them, {MAX_FAULTS} at most",
            self.fault.len()
        );
        for (index, fault) in self.fault.iter().enumerate() {
            self.validate_fault(fault)
                .with_context(|| format!("fault[{index}]"))?;
        }
        for (index, step) in self.kernel.iter().enumerate() {
            step.validate(index == 0)
                .map_err(|error| error.context(format!("kernel[{index}]")))?;
        }
        Ok(())
    }

    fn validate_fault(&self, fault: &Fault) -> Result<()> {
        let Some(only) = fault.what.only_on() else {
            return Ok(());
        };
        let elsewhere = arch::ALL
            .into_iter()
            .find(|arch| arch.name != only && self.is_for(arch));
        ensure!(
            elsewhere.is_none(),
            "what: {:?} exists on {only} only: say arch = [\"{only}\"]",
            fault.what
        );
        Ok(())
    }

    /// The hostile driver is in the machine.
    pub fn is_hostile(&self) -> bool {
        self.hostile || !self.fault.is_empty()
    }

    pub fn is_for(&self, arch: &Arch) -> bool {
        let names = self.arch.as_ref();
        names.is_none_or(|names| names.iter().any(|name| name == arch.name))
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

    /// The same chain, all of `image`, without our options and expectations.
    pub fn all_of(&self, image: Image) -> Self {
        let mut twin = self.clone();
        twin.name = format!("{}.{image}", self.name);
        twin.same_as = None;
        for step in &mut twin.kernel {
            step.image = image;
            step.options = without_our_option(&step.options);
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

impl KnownFailure {
    /// That it failed is not enough: it must be the failure that is meant.
    pub fn is(&self, finding: &Finding) -> bool {
        finding.generation == Some(self.generation)
            && self
                .unmet
                .iter()
                .any(|part| finding.expected.contains(part))
            && self
                .last_words
                .as_ref()
                .is_none_or(|words| finding.seen.contains(words))
    }
}
