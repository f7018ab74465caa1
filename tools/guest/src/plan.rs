// SPDX-License-Identifier: GPL-2.0
//! The plan of the guest: one entry for each kernel of the chain.

use std::collections::BTreeMap;
use std::fmt;

use efi_rtmap_orders::Service;
use serde::{Deserialize, Serialize};

/// The GUID and the prefix of the variables that the guest writes.
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
/// A folder in the initrd with modules that a kernel needs to report.
pub const MODULES: &str = "/modules";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The place of each file in the memory that is shared with the host.
    pub files: BTreeMap<String, Span>,
    /// Each kernel tells firmware the number of its generation, before it makes any other call.
    #[serde(default)]
    pub announce: bool,
    /// The chain is long: variables that are not [`kept`] are deleted, and the report has little of
    /// each kernel's log.
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
    /// A name in [`Plan::files`]. The *previous* kernel loads this kernel.
    pub kernel: String,
    pub initrd: String,
    pub loader: Loader,
    pub command_line: String,
    /// Done in this generation, after its facts are collected.
    pub then: Vec<Action>,
}

/// The way in which the kernel before loads this one: the system call of kexec-tools, and its
/// purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loader {
    #[default]
    #[serde(rename = "-c")]
    KexecLoad,
    /// Loads below 4 GiB: 32-bit firmware can return only there.
    #[serde(rename = "-c --mem-max=0xffffffff")]
    KexecLoadLow,
    #[serde(rename = "-s")]
    KexecFileLoad,
    /// The kernel starts when the kernel before crashes, as that kernel's last action.
    #[serde(rename = "-p -c")]
    CrashLoad,
    #[serde(rename = "-p -s")]
    CrashFileLoad,
    /// An action of the kernel before loads it, and that kernel's last action starts it.
    #[serde(rename = "script")]
    Script,
}

impl Loader {
    /// The options of kexec. A script has its own. There is no checksum of the loaded files:
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

    /// Tells if the kernel before, not kexec-tools, makes the boot data of this kernel.
    pub fn is_file_load(self) -> bool {
        matches!(self, Self::KexecFileLoad | Self::CrashFileLoad)
    }

    /// Tells if this kernel starts when the kernel before crashes, in memory set aside for it.
    pub fn starts_in_crash(self) -> bool {
        matches!(self, Self::CrashLoad | Self::CrashFileLoad)
    }

    /// Tells if the last action of the kernel before starts this kernel.
    pub fn started_by_action(self) -> bool {
        self.starts_in_crash() || self == Self::Script
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
    /// Damage the handover table in physical memory.
    Damage(Damage),
    /// Fill this many MiB, so that memory that was freed at boot is used again.
    UseMemory(u64),
    /// Load a module of [`Plan::files`].
    Insmod(String),
    /// Run a shell script of [`Plan::files`] with these arguments; `@name` is the path of another
    /// of these files.
    Script(Vec<String>),
    /// Run a program of the guest with these arguments.
    Run(Vec<String>),
    /// Time this many calls of each kind.
    Bench(u32),
    /// Call a service once, and print its status.
    Call(Service),
    /// Call GetVariable without a name or other arguments, and print its status.
    GetNoVariable,
    /// Suspend to the machine's disk, reset the machine, and continue this kernel.
    Hibernate,
    /// Crash the kernel.
    Crash,
    /// Call a service again and again until a call hangs, and crash the kernel then.
    CrashIn(Service),
    /// Keep calling a service on the second processor until the kernel ends.
    KeepCalling(Service),
    /// Measure the longest latency of a real-time task while a service is called, or nothing is. It is
    /// an error if it is more than so many microseconds.
    #[serde(rename_all = "kebab-case")]
    Latency {
        calls: Option<Service>,
        most_us: Option<u32>,
    },
    /// Try to trace, to read and to kill the task that firmware runs in, and print the outcomes.
    AttackTask,
    /// Call a service on all processors, and take the one that firmware is on off while it is there.
    Unplug(Service),
    /// Write and read variables that are large, appended, many or unsigned.
    TryVariables,
    /// Print the content of a file.
    Read(String),
    /// Read a crash kernel's dump of the kernel that crashed, and print the name of that kernel.
    ReadDump,
    /// Print the records that earlier kernels have left in variables when they crashed.
    ReadPstore,
    /// Print the recording of this firmware that `rtmap-record` makes.
    RecordFirmware,
    /// Ask the kernel to keep a file over the next kexec, in a live update session.
    PreserveFile,
    /// Read the kept file.
    RetrieveFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// The current slot's checksum is wrong. The older slot is good.
    CrcOneSlot,
    CrcBoth,
    /// The magic is wrong. If this is done a second time, it is right again.
    Magic,
    /// The table says that it is larger than its memory.
    Larger,
    /// All virtual addresses are 1 GiB lower. The checksum is right.
    Moved,
    NewerMajor,
    /// One entry is outside firmware's runtime regions. The checksum is right.
    EntryOutside,
    /// All entries are read-only. The checksum is right. Firmware will fault.
    ReadOnly,
    /// The first 4 KiB of the last code become part of the data before it. So there is a border of
    /// permissions within a larger page. The checksum is right.
    UnalignedCode,
    /// The table names another firmware. The checksum is right.
    ForeignFirmware,
    /// The table is as if the last kernel had died inside a firmware call.
    InCall,
    /// The table is as if the last kernel had seen firmware fault.
    Faulted,
    /// The table is as if the last kernel had taken SetTime off.
    ServicesOff,
}

/// Name of the variable that `generation` writes.
pub fn variable_name(generation: usize) -> String {
    format!("{VARIABLE_PREFIX}{generation:02}")
}

/// The content of the variable that `generation` writes. It differs from all others, and its length
/// differs from the next. It is short: after boot services, EDK2 does not reuse the space of a
/// deleted variable.
pub fn variable_content(generation: usize) -> Vec<u8> {
    let line = format!("written by generation {generation}; ");
    line.repeat(generation % 4 + 1).into_bytes()
}

/// The number of the last variables that a soak keeps, besides the first.
const KEPT: usize = 16;

/// The generations whose variables exist after `generation` has written its own: all of them, or in
/// a soak the first and the last ones.
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
