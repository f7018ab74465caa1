// SPDX-License-Identifier: GPL-2.0
//! The machine's TPM: swtpm, a program of its own, which QEMU talks to.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{ensure, Context, Result};

use crate::arch::Arch;

const SWTPM: &str = "swtpm";

/// Starts a TPM that nothing has been measured into, and gives it to the machine. It ends with the
/// machine.
pub fn attach(qemu: &mut Command, logs: &Path, arch: &Arch) -> Result<()> {
    let state = logs.join("tpm");
    fs::create_dir(&state).with_context(|| state.display().to_string())?;
    let socket = state.join("socket");
    let status = Command::new(SWTPM)
        .args(["socket", "--tpm2", "--daemon", "--terminate"])
        .args(["--tpmstate", &format!("dir={}", state.display())])
        .args(["--ctrl", &format!("type=unixio,path={}", socket.display())])
        .status()
        .with_context(|| format!("{SWTPM}: install it"))?;
    ensure!(status.success(), "{SWTPM}: {status}");
    qemu.args([
        "-chardev",
        &format!("socket,id=tpm,path={}", socket.display()),
    ])
    .args(["-tpmdev", "emulator,id=tpm0,chardev=tpm"])
    .args(["-device", &format!("{},tpmdev=tpm0", arch.tpm)]);
    Ok(())
}
