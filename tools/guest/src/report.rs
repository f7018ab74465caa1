// SPDX-License-Identifier: GPL-2.0
//! The guest's report: one JSON object per line on its own serial port.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::Action;
use crate::ptdump::Mapping;

/// Firmware's tables that describe the machine, and the places where the kernel shows them.
pub const TABLES: [(&str, &str); 4] = [
    ("SMBIOS", "/sys/firmware/dmi/tables"),
    ("ACPI", "/sys/firmware/acpi/tables"),
    ("ESRT", "/sys/firmware/efi/esrt"),
    ("TPM log", "/sys/kernel/security/tpm0"),
];
/// The log of firmware's measurements into the TPM.
pub const TPM_LOG: &str = "/sys/kernel/security/tpm0/binary_bios_measurements";

/// The result of a trial in the guest.
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
    /// The kernel log, just before this kernel ends. In a soak it is not complete.
    KernelLog {
        generation: usize,
        lines: Vec<String>,
    },
    /// The guest goes on to the next kernel or, after the last, to power off.
    Leaving {
        generation: usize,
    },
    Error {
        generation: usize,
        message: String,
    },
}

/// Facts that one kernel shows about itself and its firmware.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    pub generation: usize,
    pub release: String,
    pub command_line: String,
    pub page_size: u64,
    /// The kernel uses five levels of page tables.
    pub five_level: bool,
    /// The version of kexec-tools, which load the next kernel.
    pub kexec_version: String,
    /// The result of telling firmware this generation, if the plan asks for it.
    pub announced: Option<Outcome<()>>,
    /// The text files of /sys/firmware/efi/rtmap, after the calls below. None if there is no such
    /// directory.
    pub rtmap: Option<BTreeMap<String, String>>,
    /// CRC-32 of each table of SMBIOS, ACPI and ESRT, and of the TPM's log, by its path in sysfs.
    pub tables: Outcome<BTreeMap<String, u32>>,
    /// The runtime regions that a successor gets, in the order of physical addresses.
    pub runtime_map: Outcome<Vec<RuntimeRegion>>,
    /// The address of the runtime services in the system table when this kernel started. It shows
    /// if firmware was given other addresses.
    pub runtime_services: Outcome<u64>,
    /// The EFI page tables, without the kernel's half.
    pub page_tables: Outcome<Vec<Mapping>>,
    pub variables: Outcome<Variables>,
    pub storage: Outcome<Storage>,
    pub clock: Outcome<Clock>,
    /// The values of the variables that show if firmware checks signatures.
    pub secure_boot: Outcome<BTreeMap<String, u8>>,
    /// The handover table, after the calls above.
    pub handover: Outcome<Handover>,
    /// MemTotal of /proc/meminfo, in KiB. Reserved memory reduces it.
    pub memory_kib: u64,
    /// System RAM of /proc/iomem, in KiB: memory in the view of this kernel.
    pub ram_kib: u64,
    /// The memory that the device tree reserves, in KiB, without this kernel's initrd. kexec -s
    /// adds the next initrd, and kexec -c passes on the reservations that it finds.
    pub reserved_kib: u64,
    /// The bits of /proc/sys/kernel/tainted, after those calls too.
    pub tainted: u64,
    /// CRC-32 of the ballast in the initrd, if there is one.
    pub ballast: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handover {
    /// The size of the table in bytes.
    pub size: u32,
    /// The used bytes of its current slot.
    pub used: u32,
    /// The number of calls by all kernels since firmware started the first.
    pub calls: u32,
    /// The service of the call in progress, or 0.
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
    /// The lab's own names in efivarfs, with their GUIDs, before this generation wrote its
    /// variable. All names would be too many for the slow serial port.
    pub listed_before: Vec<String>,
    /// The same names afterwards.
    pub listed: Vec<String>,
    /// The contents of the kept variables, in the order of their generations.
    pub held: Vec<Outcome<String>>,
    /// The result of writing this generation's variable, after the one to be forgotten was deleted.
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
    /// Returns None if there are no samples.
    pub fn of(mut samples: Vec<u64>) -> Option<Self> {
        samples.sort_unstable();
        Some(Self {
            minimum: *samples.first()?,
            median: samples[samples.len() / 2],
        })
    }
}
