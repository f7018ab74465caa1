// SPDX-License-Identifier: GPL-2.0
//! What the guest is asked to do: one entry per kernel of the chain.

use std::collections::BTreeMap;
use std::fmt;

use efi_rtmap_orders::Service;
use serde::{Deserialize, Serialize};

/// Of the variables that the guest writes.
pub use efi_rtmap_orders::{VARIABLE_PREFIX, VENDOR_GUID};

/// Name of the plan among the machine's fw_cfg files.
pub const FW_CFG_NAME: &str = "opt/efi-rtmap/plan";
/// Name of the chain among [`Plan::files`]: a list of [`Generation`]s in JSON. It may be too long for
/// fw_cfg, which is slow.
pub const CHAIN: &str = "chain";
/// Kernel parameter that carries the generation's number.
pub const GENERATION_PARAMETER: &str = "rtmap.gen=";
/// A file of this name in the initrd is checksummed in every generation.
pub const BALLAST: &str = "/ballast";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Where each file lies in the memory shared with the host.
    pub files: BTreeMap<String, Span>,
    /// Each kernel tells the firmware which generation it is, before it makes any other call.
    #[serde(default)]
    pub announce: bool,
    /// The chain is long: variables that are not [`kept`] are deleted, and little of each kernel's log
    /// is told.
    #[serde(default)]
    pub soak: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Span {
    pub offset: u64,
    pub size: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Generation {
    /// Names in [`Plan::files`]; how the *previous* kernel loads this one.
    pub kernel: String,
    pub initrd: String,
    pub loader: Loader,
    pub command_line: String,
    /// Done in this generation, after its facts are collected.
    pub then: Vec<Action>,
}

/// How the kernel before loads this one: which system call kexec-tools use, and what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loader {
    #[default]
    #[serde(rename = "-c")]
    KexecLoad,
    /// Below 4 GiB, where 32-bit firmware can return to.
    #[serde(rename = "-c --mem-max=0xffffffff")]
    KexecLoadLow,
    #[serde(rename = "-s")]
    KexecFileLoad,
    /// It is started when the kernel before crashes, as that kernel's last action has it.
    #[serde(rename = "-p -c")]
    CrashLoad,
    #[serde(rename = "-p -s")]
    CrashFileLoad,
    /// An action of the kernel before loads it, and that kernel's last action starts it.
    #[serde(rename = "script")]
    Script,
}

impl Loader {
    /// The options of kexec; a script has its own. The checksum of all that is loaded is left out:
    /// emulated machines take seconds for it, and samples/kexec-cycle has it.
    pub fn options(self) -> &'static [&'static str] {
        match self {
            Self::KexecLoad => &["-l", "-c", "--no-checks"],
            Self::KexecLoadLow => &["-l", "-c", "--no-checks", "--mem-max=0xffffffff"],
            Self::KexecFileLoad => &["-l", "-s"],
            Self::CrashLoad => &["-p", "-c"],
            Self::CrashFileLoad => &["-p", "-s"],
            Self::Script => &[],
        }
    }

    /// The kernel before, not kexec-tools, makes up what this one is told at its start.
    pub fn is_file_load(self) -> bool {
        matches!(self, Self::KexecFileLoad | Self::CrashFileLoad)
    }

    /// The last action of the kernel before starts this one.
    pub fn started_by_action(self) -> bool {
        matches!(self, Self::CrashLoad | Self::CrashFileLoad | Self::Script)
    }
}

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KexecLoad => "-c",
            Self::KexecLoadLow => "-c --mem-max=0xffffffff",
            Self::KexecFileLoad => "-s",
            Self::CrashLoad => "-p -c",
            Self::CrashFileLoad => "-p -s",
            Self::Script => "by a script",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Spoil the handover table, where it lies in physical memory.
    Damage(Damage),
    /// Fill this many MiB, so that memory given free at boot is used again.
    UseMemory(u64),
    /// Load a module of [`Plan::files`].
    Insmod(String),
    /// Run a shell script of [`Plan::files`] with these arguments; `@name` is the path of another
    /// of these files.
    Script(Vec<String>),
    /// Time this many calls of each kind.
    Bench(u32),
    /// Call a service once; prints what it returned.
    Call(Service),
    /// Call GetVariable without a name, nor anything else; prints what it returned.
    GetNoVariable,
    /// Suspend to the machine's disk, reset the machine, and go on where this kernel was.
    Hibernate,
    /// Crash the kernel.
    Crash,
    /// Call a service again and again, until it does not return, and crash the kernel then.
    CrashIn(Service),
    /// Go on calling a service on the second processor until the kernel ends.
    KeepCalling(Service),
    /// Print what is in a file.
    Read(String),
    /// Read what a crash kernel has of the kernel that crashed; prints of which kernel it is.
    ReadDump,
    /// Print what earlier kernels have left in variables when they crashed.
    ReadPstore,
    /// Print what `rtmap-record` writes of this firmware.
    RecordFirmware,
    /// Have a file kept over the next kexec, in a live update session.
    PreserveFile,
    /// Read it again.
    RetrieveFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// The current slot's checksum is wrong, the older slot is good.
    CrcOneSlot,
    CrcBoth,
    /// It is no table any more, or, the second time, one again.
    Magic,
    /// It says that it is larger than its memory.
    Larger,
    /// All virtual addresses are 1 GiB lower; checksum right.
    Moved,
    NewerMajor,
    /// One entry lies where the firmware has no runtime region; checksum right.
    EntryOutside,
    /// No entry may be written to; checksum right. Firmware will fault.
    ReadOnly,
    /// The first 4 KiB of the last code count as the data before it: a border of permissions within a
    /// larger page; checksum right.
    UnalignedCode,
    /// The table says that it is of another firmware; checksum right.
    ForeignFirmware,
    /// As if the last kernel had died inside a firmware call.
    InCall,
    /// As if the last kernel had seen the firmware fault.
    Faulted,
    /// As if the last kernel had taken SetTime off.
    ServicesOff,
}

/// Name of the variable that `generation` writes.
pub fn variable_name(generation: usize) -> String {
    format!("{VARIABLE_PREFIX}{generation:02}")
}

/// What `generation` writes into it: differs in content from all others, and in length from the next.
/// Short: once boot services are gone, EDK2 does not get the space of a deleted variable back.
pub fn variable_content(generation: usize) -> Vec<u8> {
    let line = format!("written by generation {generation}; ");
    line.repeat(generation % 4 + 1).into_bytes()
}

/// How many of the last variables a soak keeps, besides the first.
const KEPT: usize = 16;

/// The generations whose variables are there once `generation` has written its own: all up to it or,
/// in a soak, the first and the last ones.
pub fn kept(generation: usize, soak: bool) -> Vec<usize> {
    let last_forgotten = forgotten(generation, soak).unwrap_or(0);
    std::iter::once(0)
        .chain(last_forgotten + 1..=generation)
        .collect()
}

/// The generation whose variable `generation` deletes before it writes its own.
pub fn forgotten(generation: usize, soak: bool) -> Option<usize> {
    generation.checked_sub(KEPT).filter(|k| soak && *k > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_two_generations_differ() {
        for generation in 0..20 {
            assert_ne!(variable_name(generation), variable_name(generation + 1));
            assert_ne!(
                variable_content(generation),
                variable_content(generation + 1)
            );
        }
    }

    #[test]
    fn a_soak_keeps_the_first_variable_and_the_last() {
        assert_eq!(kept(40, false).len(), 41);
        assert_eq!(kept(0, true), [0]);
        assert_eq!(kept(KEPT, true).len(), KEPT + 1);
        let kept = kept(40, true);
        assert_eq!((kept[0], kept[1], kept.len()), (0, 41 - KEPT, KEPT + 1));
    }

    #[test]
    fn what_is_forgotten_was_kept_until_then() {
        for k in 1..40 {
            let before = kept(k - 1, true).into_iter();
            let now: Vec<_> = before
                .filter(|kept| Some(*kept) != forgotten(k, true))
                .chain([k])
                .collect();
            assert_eq!(now, kept(k, true));
        }
        assert_eq!(forgotten(40, false), None);
    }
}
