// SPDX-License-Identifier: GPL-2.0
//! One virtual machine's life: files and plan in, console log and report out.

pub mod console;
mod device_tree;
pub mod firmware_log;
mod initrd;
pub mod report;
mod share;
mod stops;
pub mod tail;
pub mod tpm;

use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use efi_rtmap_guest::plan::FW_CFG_NAME;
use efi_rtmap_orders::Orders;
use wait_timeout::ChildExt;

use crate::arch::{Arch, FirmwarePaths};
use crate::build::Build;
use crate::scenario::Scenario;
use stops::Stops;

pub use initrd::ballast;

/// How often a machine that runs is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How long QEMU may take to tell what a machine is at that did not end.
const MONITOR_LIMIT: Duration = Duration::from_secs(5);
/// QEMU keeps the tags of all memory in the host's own, a 32nd of the machine's.
const MOST_MIB_WITH_TAGS: u32 = 64 * 1024;
/// Only what is written to it takes space on the host's.
const DISK: &str = "disk";
const DISK_SIZE: u64 = 1 << 30;
/// Files with the kernels' output, the guest's report, and the hostile driver's messages.
pub const CONSOLE: &str = "console.log";
pub const REPORT: &str = "report.jsonl";
pub const FIRMWARE_LOG: &str = "firmware.jsonl";

/// How the whole lab runs its machines.
pub struct Lab {
    pub build: Build,
    pub arch: &'static Arch,
    pub time_factor: f64,
    /// Leave the machine's disks and shared files where they are.
    pub keep: bool,
    /// Virtual time counts instructions.
    pub count_instructions: bool,
}

/// The remains of a machine that has run.
pub struct Remains {
    pub logs: PathBuf,
    pub end: End,
    pub started: SystemTime,
    pub ended: SystemTime,
    pub took: Duration,
}

#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Exited,
    TimedOut(Duration),
    /// By who watched it.
    Stopped(String),
    Failed(String),
}

impl Lab {
    pub fn run(&self, scenario: &Scenario) -> Result<Remains> {
        self.run_watched(scenario, || Ok(ControlFlow::Continue(())))
    }

    /// Runs it, and while it runs asks `watch` every now and then whether it is to be stopped.
    pub fn run_watched(
        &self,
        scenario: &Scenario,
        watch: impl FnMut() -> Result<ControlFlow<String>>,
    ) -> Result<Remains> {
        let logs = self.build.logs(&scenario.name);
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;

        let plan = self.share(scenario, &logs)?;
        fs::write(logs.join("plan.json"), serde_json::to_string(&plan)?)?;
        let firmware = self.arch.firmware(scenario.firmware)?;
        fs::copy(&firmware.variables, logs.join("variables.fd"))?;
        let mut command = self.command(scenario, &firmware, &logs)?;
        fs::write(logs.join("qemu.cmd"), format!("{command:?}\n"))?;

        let (started, clock) = (SystemTime::now(), Instant::now());
        let end = self.supervise(&mut command, scenario, &logs, watch)?;
        let remains = Remains {
            end,
            started,
            ended: SystemTime::now(),
            took: clock.elapsed(),
            logs: logs.clone(),
        };
        if !self.keep {
            let of_kernels = scenario.kernel.iter().map(|step| initrd::name(step.image));
            let names = ["shared", "variables.fd", DISK].map(String::from);
            for name in names.into_iter().chain(of_kernels) {
                let path = logs.join(name);
                if path.exists() {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(remains)
    }

    fn supervise(
        &self,
        command: &mut Command,
        scenario: &Scenario,
        logs: &Path,
        mut watch: impl FnMut() -> Result<ControlFlow<String>>,
    ) -> Result<End> {
        let mut qemu = command
            .spawn()
            .with_context(|| format!("{}: install it", self.arch.qemu))?;
        let monitor = qemu.stdin.take();
        let mut stops = Stops::new(scenario, logs);
        let limit = self.time(scenario.time_limit_s);
        let started = Instant::now();
        let stopped = loop {
            let left = limit.saturating_sub(started.elapsed());
            match qemu.wait_timeout(left.min(WATCH_INTERVAL))? {
                Some(status) if status.success() => return Ok(End::Exited),
                Some(status) => return Ok(End::Failed(status.to_string())),
                None if left.is_zero() => break Ok(End::TimedOut(limit)),
                None => match stops.look(&qemu).and_then(|()| watch()) {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(why)) => break Ok(End::Stopped(why)),
                    Err(error) => break Err(error),
                },
            }
        };
        if monitor.is_some_and(|monitor| tell_state(monitor).is_ok()) {
            qemu.wait_timeout(MONITOR_LIMIT)?;
        }
        qemu.kill()?;
        qemu.wait()?;
        stopped
    }

    /// A time limit on this host.
    pub fn time(&self, seconds: u32) -> Duration {
        Duration::from_secs_f64(f64::from(seconds) * self.time_factor)
    }

    fn command(
        &self,
        scenario: &Scenario,
        firmware: &FirmwarePaths,
        logs: &Path,
    ) -> Result<Command> {
        let shared = logs.join("shared");
        let size = fs::metadata(&shared)?.len();
        let first = &scenario.kernel[0];
        let accelerator = if self.count_instructions {
            "tcg,thread=single"
        } else {
            "tcg"
        };
        let output = File::create(logs.join("qemu.log"))?;

        let mut qemu = self.bare_machine(scenario, "");
        qemu.args(["-accel", accelerator])
            .args(["-monitor", "stdio"])
            .args(["-serial", &format!("file:{}", logs.join(CONSOLE).display())])
            .args([
                "-chardev",
                &format!("file,id=report,path={}", logs.join(REPORT).display()),
            ])
            .args([
                "-device",
                &format!("{},chardev=report", self.arch.report_device),
            ])
            .args(["-drive", &flash(&firmware.code, "on")])
            .args(firmware.options)
            .args(["-drive", &flash(&logs.join("variables.fd"), "off")])
            .args(["-object", &shared_memory(&shared, size)])
            .args(["-device", &self.shared_device(scenario)])
            .args([
                "-fw_cfg",
                &format!(
                    "name={FW_CFG_NAME},file={}",
                    logs.join("plan.json").display()
                ),
            ])
            .arg("-kernel")
            .arg(self.build.bootable(first.image)?)
            .arg("-initrd")
            .arg(self.initrd(scenario, first.image, logs)?)
            .args(["-append", &self.command_line(0, first)])
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        for record in &scenario.smbios {
            qemu.args(["-smbios", record]);
        }
        if !scenario.reserved_memory.is_empty() {
            qemu.arg("-dtb").arg(self.device_tree(scenario, logs)?);
        }
        if scenario.disk {
            attach_disk(&mut qemu, &logs.join(DISK))?;
        } else {
            qemu.arg("-no-reboot");
        }
        if scenario.is_hostile() {
            self.attach_hostile(&mut qemu, scenario, logs)?;
        }
        if scenario.tpm {
            tpm::attach(&mut qemu, logs, self.arch)?;
        }
        if self.count_instructions {
            qemu.args(["-icount", "shift=0,sleep=off"]);
        }
        Ok(qemu)
    }
}

impl Lab {
    /// Processors and memory; `options` are the machine's.
    fn bare_machine(&self, scenario: &Scenario, options: &str) -> Command {
        let Arch { machine, cpu, .. } = self.arch;
        let cpu = scenario.cpu.as_deref().unwrap_or(cpu);
        let tree = self.arch.device_tree.filter(|_| scenario.device_tree);
        let tree = tree.unwrap_or_default();
        let may_have_tags = scenario.memory_mib() <= MOST_MIB_WITH_TAGS;
        let tags = self.arch.memory_tags.filter(|_| may_have_tags);
        let tags = tags.unwrap_or_default();
        let wanted = &scenario.machine_options;
        let mut qemu = Command::new(self.arch.qemu);
        qemu.arg("-M")
            .arg(format!(
                "{machine}{tags}{tree}{wanted}{options},memory-backend=ram"
            ))
            .args(["-object", &memory(scenario.memory_mib())])
            .args(["-cpu", &format!("{cpu}{}", scenario.cpu_features)])
            .args(["-m", &format!("{}M", scenario.memory_mib())])
            .args(["-smp", &scenario.smp.to_string()])
            .args(["-display", "none", "-nodefaults"]);
        qemu
    }

    /// The guest's files, and the hostile driver as what the device brings for firmware.
    fn shared_device(&self, scenario: &Scenario) -> String {
        let device = "ivshmem-plain,memdev=shared";
        if !scenario.is_hostile() {
            return device.into();
        }
        format!("{device},romfile={}", self.build.hostile_rom().display())
    }

    /// Orders for the driver, and a file for what it says.
    fn attach_hostile(&self, qemu: &mut Command, scenario: &Scenario, logs: &Path) -> Result<()> {
        let orders = Orders::new(&scenario.fault).context("too many faults")?;
        let file = logs.join("orders");
        fs::write(&file, postcard::to_stdvec(&orders)?)?;
        let log = logs.join(FIRMWARE_LOG);
        qemu.args([
            "-fw_cfg",
            &format!(
                "name={},file={}",
                efi_rtmap_orders::FW_CFG_NAME,
                file.display()
            ),
        ])
        .args([
            "-chardev",
            &format!("file,id=firmware,path={}", log.display()),
        ])
        .args(self.arch.hostile.log);
        Ok(())
    }
}

fn attach_disk(qemu: &mut Command, path: &Path) -> Result<()> {
    File::create(path)?.set_len(DISK_SIZE)?;
    let drive = format!("if=none,id=disk,format=raw,file={}", path.display());
    qemu.args(["-drive", &drive]);
    qemu.args(["-device", "virtio-blk-pci,drive=disk"]);
    Ok(())
}

/// Has QEMU write to its log what each processor is at, and end.
fn tell_state(mut monitor: ChildStdin) -> std::io::Result<()> {
    monitor.write_all(b"stop\ninfo registers -a\nquit\n")
}

/// Only what is used takes memory of the host, so that a machine may have more than it.
fn memory(mebibytes: u32) -> String {
    format!("memory-backend-ram,id=ram,size={mebibytes}M,reserve=off")
}

pub fn flash(path: &Path, readonly: &str) -> String {
    format!(
        "if=pflash,format=raw,readonly={readonly},file={}",
        path.display()
    )
}

fn shared_memory(path: &Path, size: u64) -> String {
    format!(
        "memory-backend-file,id=shared,share=on,size={size},mem-path={}",
        path.display()
    )
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited => f.write_str("power off"),
            Self::TimedOut(limit) => write!(f, "no end within {} s", limit.as_secs()),
            Self::Stopped(why) => f.write_str(why),
            Self::Failed(status) => write!(f, "QEMU: {status}, see qemu.log"),
        }
    }
}
