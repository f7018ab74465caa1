// SPDX-License-Identifier: GPL-2.0
//! The differences between the architectures whose kernels the lab runs.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{bail, Context, Result};

use crate::words::{Firmware, Kind, Wx, WxWord};

pub struct Arch {
    pub name: &'static str,
    /// Debian's name of it.
    pub debian: &'static str,
    pub qemu: &'static str,
    pub machine: &'static str,
    /// Gives the machine tags of its memory.
    pub memory_tags: Option<&'static str>,
    pub cpu: &'static str,
    /// Its number, by which it takes other scenarios of a matrix than the other architecture.
    pub turn: usize,
    /// Added to the machine, so that firmware has a device tree instead of ACPI tables.
    pub device_tree: Option<&'static str>,
    pub console: &'static str,
    /// Complaints of kernels about this machine, with any firmware.
    pub tolerate: &'static [&'static str],
    /// Kernel parameters that its machine needs.
    pub parameters: &'static str,
    pub tpm: &'static str,
    /// The serial port that the guest reports on; the guest knows how its kernel calls it.
    pub report_device: &'static str,
    /// The bootable file, in a kernel's build directory.
    pub kernel: &'static str,
    /// kexec-tools pass the state of secure boot on to the next kernel with `-c` too.
    pub kexec_load_tells_secure_boot: bool,
    pub guest: Guest,
    pub hostile: Hostile,
    pub rtmap: Rtmap,
    firmware: FirmwareFiles,
    /// For the 32-bit mode of the processor.
    firmware_32: Option<FirmwareFiles>,
    firmware_secure: FirmwareFiles,
}

/// The target of the guest's programs.
pub struct Guest {
    pub rust_target: &'static str,
    /// This compiler comes with a standard library for other machines than this one.
    pub cross: bool,
    /// Debian's name of the folders with this architecture's libraries.
    pub triplet: &'static str,
    /// `e_machine` of its ELF files.
    pub elf_machine: u16,
}

/// How the hostile firmware driver is made and heard.
pub struct Hostile {
    pub rust_target: &'static str,
    /// Makes QEMU write what it says to the character device `firmware`.
    pub log: [&'static str; 2],
}

/// The behaviour of our code, and of stock's, on it.
pub struct Rtmap {
    /// The kind of `efi=rtmap:auto`, if nothing speaks against it.
    pub kind: Kind,
    /// The kind of stock kernels, as our code finds it.
    pub stock_kind: Kind,
    /// The W+X ranges of a stock kernel that was started by kexec.
    pub stock_wx: Wx,
    /// The same of our kernel when all it finds is what a stock kernel leaves.
    pub legacy_wx: Wx,
    /// The kernel shows the runtime map in sysfs. If not, the guest reads it from memory, which
    /// Debian's kernels do not allow.
    pub map_in_sysfs: bool,
    /// Where fixed addresses may lie.
    pub fixed: Range<u64>,
    /// Two lines of the kernel's log, the take-over between them.
    pub take_over: [&'static str; 2],
}

/// Code and an empty variable store, both below one of FIRMWARE_DIRS.
struct FirmwareFiles {
    code: &'static str,
    variables: &'static str,
    package: &'static str,
    /// Options of QEMU's that it needs.
    options: &'static [&'static str],
}

static X86_64: Arch = Arch {
    name: "x86_64",
    debian: "amd64",
    qemu: "qemu-system-x86_64",
    machine: "q35",
    memory_tags: None,
    cpu: "max",
    turn: 0,
    device_tree: None,
    console: "ttyS0,115200",
    tolerate: &[],
    // On a busy host, the emulated timer is late for the test of it.
    parameters: "no_timer_check",
    tpm: "tpm-crb",
    report_device: "isa-serial",
    kernel: "arch/x86/boot/bzImage",
    kexec_load_tells_secure_boot: false,
    guest: Guest {
        rust_target: "x86_64-unknown-linux-gnu",
        cross: false,
        triplet: "x86_64-linux-gnu",
        elf_machine: goblin::elf::header::EM_X86_64,
    },
    hostile: Hostile {
        rust_target: "x86_64-unknown-uefi",
        log: ["-device", "isa-debugcon,iobase=0x402,chardev=firmware"],
    },
    rtmap: Rtmap {
        kind: Kind::Ident,
        stock_kind: Kind::Fixed,
        // kexec costs the reference to the memory attributes table.
        stock_wx: Wx::Word(WxWord::Some),
        legacy_wx: Wx::Word(WxWord::Any),
        map_in_sysfs: true,
        fixed: 1 << 63..u64::MAX,
        take_over: ["x86/fpu: Enabled xstate features", "pid_max: default"],
    },
    firmware: FirmwareFiles {
        code: "OVMF_CODE_4M.fd",
        variables: "OVMF_VARS_4M.fd",
        package: "ovmf",
        options: &[],
    },
    firmware_32: Some(FirmwareFiles {
        code: "OVMF32_CODE_4M.secboot.fd",
        variables: "OVMF32_VARS_4M.fd",
        package: "ovmf-ia32",
        // Debian has only the build that keeps variables in system management mode.
        options: SYSTEM_MANAGEMENT,
    }),
    firmware_secure: FirmwareFiles {
        code: "OVMF_CODE_4M.secboot.fd",
        variables: "OVMF_VARS_4M.fd",
        package: "ovmf",
        options: SYSTEM_MANAGEMENT,
    },
};

/// Nothing but firmware's own mode may write to the flash memory.
const SYSTEM_MANAGEMENT: &[&str] = &[
    "-machine",
    "smm=on",
    "-global",
    "driver=cfi.pflash01,property=secure,value=on",
];

static ARM64: Arch = Arch {
    name: "arm64",
    debian: "arm64",
    qemu: "qemu-system-aarch64",
    // The kernel runs at EL2, as on servers, and memory has tags. Authentication of pointers is cheap
    // to emulate, and vectors are short.
    machine: "virt,virtualization=on",
    memory_tags: Some(",mte=on"),
    cpu: "max,pauth-impdef=on,sve-max-vq=2",
    turn: 1,
    device_tree: Some(",acpi=off"),
    console: "ttyAMA0",
    // At EL2: QEMU has no such interrupt.
    tolerate: &["VHE-capable CPU without EL2 virtual timer interrupt"],
    parameters: "",
    tpm: "tpm-tis-device",
    report_device: "pci-serial",
    kernel: "arch/arm64/boot/Image",
    kexec_load_tells_secure_boot: true,
    guest: Guest {
        rust_target: "aarch64-unknown-linux-gnu",
        cross: true,
        triplet: "aarch64-linux-gnu",
        elf_machine: goblin::elf::header::EM_AARCH64,
    },
    hostile: Hostile {
        rust_target: "aarch64-unknown-uefi",
        log: [
            "-semihosting-config",
            "enable=on,userspace=on,target=native,chardev=firmware",
        ],
    },
    rtmap: Rtmap {
        kind: Kind::Phys,
        stock_kind: Kind::Phys,
        stock_wx: Wx::Word(WxWord::None),
        legacy_wx: Wx::Word(WxWord::None),
        map_in_sysfs: false,
        fixed: 1 << 29..1 << 48,
        take_over: ["Hierarchical SRCU", "smp: Bringing up"],
    },
    firmware: FirmwareFiles {
        code: "AAVMF_CODE.fd",
        variables: "AAVMF_VARS.fd",
        package: "qemu-efi-aarch64",
        options: &[],
    },
    firmware_32: None,
    firmware_secure: FirmwareFiles {
        code: "AAVMF_CODE.ms.fd",
        variables: "AAVMF_VARS.fd",
        package: "qemu-efi-aarch64",
        options: &[],
    },
};

pub static ALL: [&Arch; 2] = [&X86_64, &ARM64];

const FIRMWARE_DIRS: &[&str] = &[
    "/usr/share/OVMF",
    "/usr/share/AAVMF",
    "/usr/share/edk2/ovmf",
    "/usr/share/edk2/aarch64",
];

pub struct FirmwarePaths {
    pub code: PathBuf,
    pub variables: PathBuf,
    /// Options of QEMU's.
    pub options: &'static [&'static str],
}

/// The architecture of this name.
pub fn named(name: &str) -> Result<&'static Arch> {
    let names = ALL.map(|arch| arch.name);
    let found = ALL.into_iter().find(|arch| arch.name == name);
    found.with_context(|| format!("{name}: not an architecture of the lab's, {names:?}"))
}

impl Arch {
    pub fn firmware(&self, wanted: Firmware) -> Result<FirmwarePaths> {
        let FirmwareFiles {
            code,
            variables,
            package,
            options,
        } = match wanted {
            Firmware::Default => &self.firmware,
            Firmware::Ia32 => {
                let files = self.firmware_32.as_ref();
                files.with_context(|| format!("{} has no 32-bit firmware", self.name))?
            }
            Firmware::SecureBoot => &self.firmware_secure,
        };
        for directory in FIRMWARE_DIRS.iter().map(PathBuf::from) {
            let found = FirmwarePaths {
                code: directory.join(code),
                variables: directory.join(variables),
                options,
            };
            if found.code.exists() && found.variables.exists() {
                return Ok(found);
            }
        }
        bail!(
            "no {code} and {variables} in {}: install the package {package}",
            FIRMWARE_DIRS.join(" or ")
        )
    }
}
