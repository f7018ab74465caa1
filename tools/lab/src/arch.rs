// SPDX-License-Identifier: GPL-2.0
//! What differs between the architectures whose kernels the lab runs.

use std::path::PathBuf;

use anyhow::{bail, Result};

use crate::scenario::Firmware;

pub struct Arch {
    pub qemu: &'static str,
    /// Machine and what else every run on it needs.
    pub machine: &'static [&'static str],
    pub cpu: &'static str,
    pub console: &'static str,
    /// The bootable file, in a kernel's build directory.
    pub kernel: &'static str,
    pub rust_target: &'static str,
    pub library_triplet: &'static str,
    ovmf: FirmwareFiles,
}

/// Code and an empty variable store, both below one of FIRMWARE_DIRS.
struct FirmwareFiles {
    code: &'static str,
    variables: &'static str,
    package: &'static str,
}

pub static X86_64: Arch = Arch {
    qemu: "qemu-system-x86_64",
    machine: &["-M", "q35"],
    cpu: "max",
    console: "ttyS0,115200",
    kernel: "arch/x86/boot/bzImage",
    rust_target: "x86_64-unknown-linux-gnu",
    library_triplet: "x86_64-linux-gnu",
    ovmf: FirmwareFiles {
        code: "OVMF_CODE_4M.fd",
        variables: "OVMF_VARS_4M.fd",
        package: "ovmf",
    },
};

const FIRMWARE_DIRS: &[&str] = &["/usr/share/OVMF", "/usr/share/edk2/ovmf"];

pub struct FirmwarePaths {
    pub code: PathBuf,
    pub variables: PathBuf,
}

impl Arch {
    pub fn firmware(&self, wanted: Firmware) -> Result<FirmwarePaths> {
        let FirmwareFiles {
            code,
            variables,
            package,
        } = match wanted {
            Firmware::Ovmf => &self.ovmf,
        };
        for directory in FIRMWARE_DIRS.iter().map(PathBuf::from) {
            let found = FirmwarePaths {
                code: directory.join(code),
                variables: directory.join(variables),
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
