// SPDX-License-Identifier: GPL-2.0
//! One virtual machine's life: files and plan in, console log and report out.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use efi_rtmap_guest::plan::{Action, Generation, Loader, Plan, Span, BALLAST};
use efi_rtmap_guest::plan::{CHAIN, FW_CFG_NAME, GENERATION_PARAMETER};
use efi_rtmap_orders::Orders;
use flate2::read::GzDecoder;
use wait_timeout::ChildExt;

use crate::arch::{Arch, FirmwarePaths};
use crate::build::{tools_dir, Build};
use crate::cpio::Archive;
use crate::scenario::{Image, Scenario, Step};
use crate::tpm;

const PAGE: u64 = 4096;
const INITRD: &str = "initrd";
/// How often a machine that runs is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How long QEMU may take to tell what a machine is at that did not end.
const MONITOR_LIMIT: Duration = Duration::from_secs(5);
/// What the kernels printed, what the guest told, and what the hostile driver did.
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

/// What a machine left behind.
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

        let initrd = self.initrd(scenario, &logs)?;
        let plan = self.share(scenario, &initrd, &logs)?;
        fs::write(logs.join("plan.json"), serde_json::to_string(&plan)?)?;
        let firmware = self.arch.firmware(scenario.firmware)?;
        fs::copy(&firmware.variables, logs.join("variables.fd"))?;
        let mut command = self.command(scenario, &firmware, &initrd, &logs)?;
        fs::write(logs.join("qemu.cmd"), format!("{command:?}\n"))?;

        let (started, clock) = (SystemTime::now(), Instant::now());
        let end = self.supervise(&mut command, scenario, watch)?;
        let remains = Remains {
            end,
            started,
            ended: SystemTime::now(),
            took: clock.elapsed(),
            logs: logs.clone(),
        };
        if !self.keep {
            for name in ["shared", "variables.fd", "initrd"] {
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
        mut watch: impl FnMut() -> Result<ControlFlow<String>>,
    ) -> Result<End> {
        let mut qemu = command
            .spawn()
            .with_context(|| format!("{}: install it", self.arch.qemu))?;
        let monitor = qemu.stdin.take();
        let limit = self.time(scenario.time_limit_s);
        let started = Instant::now();
        let stopped = loop {
            let left = limit.saturating_sub(started.elapsed());
            match qemu.wait_timeout(left.min(WATCH_INTERVAL))? {
                Some(status) if status.success() => return Ok(End::Exited),
                Some(status) => return Ok(End::Failed(status.to_string())),
                None if left.is_zero() => break Ok(End::TimedOut(limit)),
                None => match watch() {
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

    /// The guest's initrd, with the scenario's ballast in it.
    fn initrd(&self, scenario: &Scenario, logs: &Path) -> Result<PathBuf> {
        let plain = self.build.initrd();
        if scenario.ballast_mib == 0 {
            return Ok(plain);
        }
        let path = logs.join("initrd");
        let mut out = File::create(&path)?;
        // The ballast first and uncompressed: what spoils memory shall hit it, not our tools.
        let mut archive = Archive::new(&mut out);
        archive.file(
            BALLAST.trim_start_matches('/'),
            &ballast(scenario.ballast_mib),
        )?;
        archive.finish()?;
        let packed = File::open(&plain).with_context(|| plain.display().to_string())?;
        std::io::copy(&mut GzDecoder::new(packed), &mut out)?;
        Ok(path)
    }

    /// Puts the files that the chain needs into memory shared with the machine.
    fn share(&self, scenario: &Scenario, initrd: &Path, logs: &Path) -> Result<Plan> {
        let mut shared = Shared {
            file: File::create(logs.join("shared"))?,
            plan: Plan {
                files: Default::default(),
                announce: scenario.is_hostile(),
                soak: scenario.soak,
            },
        };
        shared.add(INITRD, initrd)?;
        let mut chain = Vec::new();
        for (k, step) in scenario.generations().into_iter().enumerate() {
            let kernel = step.image.to_string();
            shared.add(&kernel, &self.build.kernel(step.image)?)?;
            let mut then = step.then.clone();
            for action in &mut then {
                self.share_for(action, &mut shared)?;
            }
            chain.push(Generation {
                kernel,
                initrd: INITRD.into(),
                loader: step.loader.unwrap_or(Loader::KexecLoad),
                command_line: self.command_line(k, step),
                then,
            });
        }
        shared.put(CHAIN, &serde_json::to_vec(&chain)?)?;
        shared.finish()
    }

    fn command_line(&self, generation: usize, step: &Step) -> String {
        let Arch {
            console,
            parameters,
            ..
        } = self.arch;
        let options = &step.options;
        format!(
            "console={console} panic=-1 {parameters} {GENERATION_PARAMETER}{generation} {options}"
        )
    }

    /// Shares the file that an action names by its path, and renames it to what the guest sees.
    fn share_for(&self, action: &mut Action, shared: &mut Shared) -> Result<()> {
        let (name, root) = match action {
            Action::Insmod(name) => (name, self.build.kernel_dir(Image::Rtmap)),
            Action::Script(words) => (
                words.first_mut().context("script: no name")?,
                tools_dir().join(".."),
            ),
            _ => return Ok(()),
        };
        let path = root.join(&*name);
        let base = path.file_name().unwrap_or_default();
        *name = base.to_string_lossy().into_owned();
        shared.add(name, &path)
    }

    fn command(
        &self,
        scenario: &Scenario,
        firmware: &FirmwarePaths,
        initrd: &Path,
        logs: &Path,
    ) -> Result<Command> {
        let shared = logs.join("shared");
        let size = fs::metadata(&shared)?.len();
        let first = scenario.generations()[0];
        let accelerator = if self.count_instructions {
            "tcg,thread=single"
        } else {
            "tcg"
        };
        let output = File::create(logs.join("qemu.log"))?;

        let mut qemu = Command::new(self.arch.qemu);
        qemu.args(["-accel", accelerator])
            .args(["-M", &format!("{},memory-backend=ram", self.arch.machine)])
            .args(["-object", &memory(scenario.memory_mib)])
            .args([
                "-cpu",
                &format!("{}{}", self.arch.cpu, scenario.cpu_features),
            ])
            .args(["-m", &format!("{}M", scenario.memory_mib)])
            .args(["-smp", &scenario.smp.to_string()])
            .args(["-display", "none", "-no-reboot", "-nodefaults"])
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
            .arg(self.build.kernel(first.image)?)
            .arg("-initrd")
            .arg(initrd)
            .args(["-append", &self.command_line(0, first)])
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        for record in &scenario.smbios {
            qemu.args(["-smbios", record]);
        }
        if scenario.is_hostile() {
            self.attach_hostile(&mut qemu, scenario, logs)?;
        }
        if scenario.tpm {
            tpm::attach(&mut qemu, logs)?;
        }
        if self.count_instructions {
            qemu.args(["-icount", "shift=0,sleep=off"]);
        }
        Ok(qemu)
    }
}

impl Lab {
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

/// Has QEMU write to its log what each processor is at, and end.
fn tell_state(mut monitor: ChildStdin) -> std::io::Result<()> {
    monitor.write_all(b"stop\ninfo registers -a\nquit\n")
}

/// Only what is used takes memory of the host, so that a machine may have more than it.
fn memory(mebibytes: u32) -> String {
    format!("memory-backend-ram,id=ram,size={mebibytes}M,reserve=off")
}

fn flash(path: &Path, readonly: &str) -> String {
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

/// Bytes that differ from place to place and are never zero.
pub fn ballast(mebibytes: u32) -> Vec<u8> {
    let mut state = 1u32;
    (0..u64::from(mebibytes) << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 | 1
        })
        .collect()
}

struct Shared {
    file: File,
    plan: Plan,
}

impl Shared {
    fn add(&mut self, name: &str, path: &Path) -> Result<()> {
        if self.plan.files.contains_key(name) {
            return Ok(());
        }
        let content = fs::read(path).with_context(|| path.display().to_string())?;
        self.put(name, &content)
    }

    fn put(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let end = self.file.stream_position()?;
        let offset = end.next_multiple_of(PAGE);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(content)?;
        let size = content.len() as u64;
        self.plan.files.insert(name.into(), Span { offset, size });
        Ok(())
    }

    /// A PCI region's size is a power of two.
    fn finish(mut self) -> Result<Plan> {
        let size = self.file.stream_position()?.next_power_of_two();
        self.file.set_len(size)?;
        Ok(self.plan)
    }
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
