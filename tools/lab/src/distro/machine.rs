// SPDX-License-Identifier: GPL-2.0
//! Debian's machine in QEMU: a disk with a boot loader, firmware with Secure Boot, and a TPM.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use indicatif::ProgressBar;
use wait_timeout::ChildExt;

use crate::arch::Arch;
use crate::machine::tail::Tail;
use crate::machine::{flash, tpm, CONSOLE};
use crate::words::Firmware;

/// How often the machine's last words are looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// Enough for Debian's crash kernel beside it.
const MEMORY_MIB: u32 = 2048;

/// The parts of one machine.
pub struct Parts<'a> {
    pub arch: &'static Arch,
    pub disk: &'a Path,
    /// The machine's writes to the disk are lost at its end.
    pub disk_is_kept: bool,
    /// Firmware's variables, which the machine changes.
    pub variables: &'a Path,
    /// A folder for what the machine leaves: console, QEMU's words, the TPM's state.
    pub logs: &'a Path,
    /// A second disk.
    pub job: Option<&'a Path>,
    /// Started instead of the disk's boot loader, with this command line.
    pub kernel: Option<(&'a Path, String)>,
}

impl Parts<'_> {
    /// Runs it until it powers off, and shows its last line.
    ///
    /// # Errors
    ///
    /// QEMU fails, or the machine is still up after `limit`.
    pub fn run(&self, limit: Duration, bar: &ProgressBar) -> Result<()> {
        let output = std::fs::File::create(self.logs.join("qemu.log"))?;
        let mut command = self.command()?;
        let mut qemu = command
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{}: install it", self.arch.qemu))?;
        let begin = Instant::now();
        let mut words = Tail::new(self.console());
        loop {
            if let Some(status) = qemu.wait_timeout(INTERVAL)? {
                let log = self.logs.join("qemu.log");
                ensure!(status.success(), "QEMU: {status}, see {}", log.display());
                return Ok(());
            }
            if begin.elapsed() > limit {
                qemu.kill()?;
                qemu.wait()?;
                let (seconds, log) = (limit.as_secs(), self.console());
                bail!("no end within {seconds} s, see {}", log.display());
            }
            if let Some(line) = words.lines()?.lines().last() {
                bar.set_message(strip_ansi_escapes::strip_str(line));
            }
            bar.tick();
        }
    }

    pub fn console(&self) -> PathBuf {
        self.logs.join(CONSOLE)
    }

    fn command(&self) -> Result<Command> {
        let firmware = self.arch.firmware(Firmware::SecureBoot)?;
        let mut qemu = Command::new(self.arch.qemu);
        qemu.args(["-M", self.arch.machine, "-cpu", self.arch.cpu])
            .args(["-accel", "tcg,thread=multi", "-smp", "2"])
            .args(["-m", &MEMORY_MIB.to_string()])
            .args(["-display", "none", "-nodefaults", "-monitor", "none"])
            .args(["-serial", &format!("file:{}", self.console().display())])
            .args(["-drive", &flash(&firmware.code, "on")])
            .args(firmware.options)
            .args(["-drive", &flash(self.variables, "off")]);
        let snapshot = if self.disk_is_kept { "off" } else { "on" };
        attach(&mut qemu, "disk", self.disk, snapshot);
        if let Some(job) = self.job {
            attach(&mut qemu, "job", job, "off");
        }
        match &self.kernel {
            Some((kernel, line)) => {
                qemu.arg("-no-reboot").arg("-kernel").arg(kernel);
                qemu.args(["-append", line]);
            }
            None => tpm::attach(&mut qemu, self.logs, self.arch)?,
        }
        Ok(qemu)
    }
}

/// The host's disk may be slow: the machine does not wait for it.
fn attach(qemu: &mut Command, name: &str, path: &Path, snapshot: &str) {
    let file = path.display();
    qemu.args([
        "-drive",
        &format!("if=none,id={name},format=raw,file={file},snapshot={snapshot},cache=unsafe"),
        "-device",
        &format!("nvme,drive={name},serial={name}"),
    ]);
}
