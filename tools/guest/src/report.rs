// SPDX-License-Identifier: GPL-2.0
//! What the guest tells: one JSON object per line on its own serial port.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::Action;
use crate::ptdump::Mapping;

/// What firmware tells of the machine in tables, and where the kernel shows those it has found.
pub const TABLES: [(&str, &str); 4] = [
    ("SMBIOS", "/sys/firmware/dmi/tables"),
    ("ACPI", "/sys/firmware/acpi/tables"),
    ("ESRT", "/sys/firmware/efi/esrt"),
    ("TPM log", "/sys/kernel/security/tpm0"),
];
/// The log of what firmware has measured into the TPM.
pub const TPM_LOG: &str = "/sys/kernel/security/tpm0/binary_bios_measurements";

/// Something that was tried in the guest, and what came of it.
pub type Outcome<T> = Result<T, String>;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    Facts(Box<Facts>),
    Action {
        generation: usize,
        action: Action,
        outcome: Outcome<String>,
    },
    Bench {
        generation: usize,
        calls: BTreeMap<String, Timing>,
    },
    /// The kernel log, just before this kernel ends; all of it, but in a soak.
    KernelLog {
        generation: usize,
        lines: Vec<String>,
    },
    /// The guest goes on: to the next kernel or, after the last, to power off.
    Leaving {
        generation: usize,
    },
    Error {
        generation: usize,
        message: String,
    },
}

/// What one kernel shows about itself and its firmware.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    pub generation: usize,
    pub release: String,
    pub command_line: String,
    pub page_size: u64,
    /// The kernel uses five levels of page tables.
    pub five_level: bool,
    /// Of kexec-tools, which load the next kernel.
    pub kexec_version: String,
    /// Telling the firmware which generation this is, if the plan wants it.
    pub announced: Option<Outcome<()>>,
    /// The text files of /sys/firmware/efi/rtmap, after the calls below; None: there is no such
    /// directory.
    pub rtmap: Option<BTreeMap<String, String>>,
    /// CRC-32 of each table of SMBIOS, ACPI and ESRT, and of the TPM's log, by its path in sysfs.
    pub tables: Outcome<BTreeMap<String, u32>>,
    /// The runtime regions that a successor is told of, in the order of physical addresses.
    pub runtime_map: Outcome<Vec<RuntimeRegion>>,
    /// Where the system table had the runtime services when this kernel started: firmware's own
    /// word on whether it was given other addresses.
    pub runtime_services: Outcome<u64>,
    /// The EFI page tables, without the kernel's half.
    pub page_tables: Outcome<Vec<Mapping>>,
    pub variables: Outcome<Variables>,
    pub storage: Outcome<Storage>,
    pub clock: Outcome<Clock>,
    /// What the variables hold in which firmware tells whether it checks signatures.
    pub secure_boot: Outcome<BTreeMap<String, u8>>,
    /// The handover table, after the calls above.
    pub handover: Outcome<Handover>,
    /// MemTotal of /proc/meminfo, in KiB: what this kernel has not lost to what it found reserved.
    pub memory_kib: u64,
    /// System RAM of /proc/iomem, in KiB: what this kernel takes for memory.
    pub ram_kib: u64,
    /// What the device tree reserves, in KiB, but for this kernel's initrd. kexec -s adds the next
    /// one's, and kexec -c passes on what it finds.
    pub reserved_kib: u64,
    /// The bits of /proc/sys/kernel/tainted, after those calls too.
    pub tainted: u64,
    /// CRC-32 of the ballast in the initrd, if there is one.
    pub ballast: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handover {
    /// Bytes of the table.
    pub size: u32,
    /// Bytes in use of its current slot.
    pub used: u32,
    /// All calls, by any kernel, since firmware started the first.
    pub calls: u32,
    /// The service that is being called; 0: none.
    pub in_progress: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuntimeRegion {
    pub phys: u64,
    pub virt: u64,
    pub pages: u64,
    pub kind: u64,
    pub attribute: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variables {
    /// The lab's own names that efivarfs lists, with their GUIDs, before this generation wrote its
    /// variable. All names could be as many as firmware likes, and the serial port is slow.
    pub listed_before: Vec<String>,
    /// The same afterwards.
    pub listed: Vec<String>,
    /// For each generation whose variable is kept, in their order: what it holds.
    pub held: Vec<Outcome<String>>,
    /// Writing this generation's own, once the one to be forgotten is deleted.
    pub written: Outcome<()>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Storage {
    pub maximum: u64,
    pub remaining: u64,
    pub largest_variable: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Clock {
    /// The firmware's clock as seconds since 1970, UTC.
    pub epoch: i64,
    /// Median time of one GetTime.
    pub nanoseconds: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Timing {
    pub minimum: u64,
    pub median: u64,
}

impl Timing {
    /// None when nothing was timed.
    pub fn of(mut samples: Vec<u64>) -> Option<Self> {
        samples.sort_unstable();
        Some(Self {
            minimum: *samples.first()?,
            median: samples[samples.len() / 2],
        })
    }
}
