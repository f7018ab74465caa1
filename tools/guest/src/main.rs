// SPDX-License-Identifier: GPL-2.0
//! PID 1 of the lab's virtual machines. In each generation it collects facts, performs the plan's
//! actions, loads the next kernel with kexec-tools and starts it. After the last one, it powers
//! off.

mod actions;
mod arch;
mod background;
mod clock;
mod clock_services;
mod crash;
mod dump;
mod efi_test;
mod facts;
mod hotplug;
mod kernel_log;
mod latency;
mod live_update;
mod memory;
mod modules;
mod next_kernel;
mod pstore;
mod record;
mod secure_boot;
mod serial;
mod shared;
mod tables;
mod user_task;
mod variable_limits;
mod variables;

use std::fs;
use std::path::Path;

use anyhow::{bail, Context, Result};
use efi_rtmap_guest::plan::{Generation, Loader, Plan};
use efi_rtmap_guest::plan::{CHAIN, FW_CFG_NAME, GENERATION_PARAMETER};
use efi_rtmap_guest::report::Event;
use nix::mount::{mount, MsFlags};
use nix::sys::reboot::{reboot, RebootMode};
use nix::unistd::{sysconf, SysconfVar};

use efi_test::EfiTest;
use serial::Serial;
use variables::as_outcome;

const SECURITY: &str = "/sys/kernel/security";
const TRACING: &str = "/sys/kernel/tracing";

fn main() {
    let mut generation = 0;
    if let Err(error) = live(&mut generation) {
        let message = format!("{error:#}");
        eprintln!("guest: {message}");
        let report = Event::Error {
            generation,
            message,
        };
        if let Err(error) = Serial::open().and_then(|mut serial| serial.send(&report)) {
            eprintln!("guest: {error:#}");
        }
    }
    // This returns only if the machine cannot be switched off. Then PID 1 ends, the kernel panics,
    // and because of panic=-1 it resets, which ends QEMU too.
    let error = reboot(RebootMode::RB_POWER_OFF);
    eprintln!("guest: power off: {error:?}");
}

fn live(generation: &mut usize) -> Result<()> {
    mount_all()?;
    // These are set once, not for each child: with a path or a folder of its own, std forks a child
    // in a way that needs a kernel with sockets.
    std::env::set_var("PATH", "/bin:/sbin");
    std::env::set_current_dir("/tmp")?;
    modules::load()?;
    let mut serial = Serial::open()?;
    let command_line = fs::read_to_string("/proc/cmdline")?;
    *generation = generation_of(&command_line)?;
    let k = *generation;

    let plan = read_plan()?;
    let files = shared::Files::open(&plan.files)?;
    let chain: Vec<Generation> = serde_json::from_slice(files.get(CHAIN)?).context(CHAIN)?;
    let step = chain.get(k);
    let step = step.with_context(|| format!("no generation {k} in the chain"))?;

    let announced = plan
        .announce
        .then(|| as_outcome(EfiTest::open().and_then(|efi| efi.announce(k))));
    let facts = facts::collect(k, plan.soak, command_line.trim(), announced)?;
    serial.send(&Event::Facts(Box::new(facts)))?;
    let mut then = step.then.as_slice();
    let next = chain.get(k + 1);
    let mut leave = None;
    if next.is_some_and(|next| next.loader.started_by_action()) {
        let (last, others) = then
            .split_last()
            .context("no action starts the next kernel")?;
        (leave, then) = (Some(last), others);
    }
    for action in then {
        serial.send(&actions::perform(k, action, &files))?;
    }
    if let Some(next) = next.filter(|next| next.loader != Loader::Script) {
        next_kernel::load(next, &files)?;
    }
    let lines = if plan.soak {
        kernel_log::read_briefly()?
    } else {
        kernel_log::read()?
    };
    serial.send(&Event::KernelLog {
        generation: k,
        lines,
    })?;
    serial.send(&Event::Leaving { generation: k })?;
    match (next, leave) {
        (Some(_), None) => next_kernel::start(),
        (_, Some(leave)) => {
            let came_back = actions::perform(k, leave, &files);
            bail!("the last action came back: {came_back:?}")
        }
        (None, None) => Ok(()),
    }
}

fn mount_all() -> Result<()> {
    for (kind, target) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/tmp"),
        ("debugfs", "/sys/kernel/debug"),
    ] {
        mount_one(kind, target).with_context(|| format!("mount {kind} on {target}"))?;
    }
    // Some kernels of the lab do not have these.
    for (kind, target) in [("securityfs", SECURITY), ("tracefs", TRACING)] {
        if Path::new(target).exists() {
            mount_one(kind, target).with_context(|| format!("mount {kind} on {target}"))?;
        }
    }
    Ok(())
}

fn mount_one(kind: &str, target: &str) -> Result<()> {
    if !Path::new(target).exists() {
        fs::create_dir(target)?;
    }
    mount(
        Some(kind),
        target,
        Some(kind),
        MsFlags::empty(),
        None::<&str>,
    )?;
    Ok(())
}

fn page_size() -> Result<u64> {
    let size = sysconf(SysconfVar::PAGE_SIZE)?;
    let size = size.context("no page size")?;
    Ok(size.try_into()?)
}

fn generation_of(command_line: &str) -> Result<usize> {
    let number = command_line
        .split_ascii_whitespace()
        .rev()
        // The last word counts: a script repeats the words of this kernel and adds its own.
        .find_map(|word| word.strip_prefix(GENERATION_PARAMETER))
        .with_context(|| format!("no {GENERATION_PARAMETER} in {command_line:?}"))?;
    number
        .parse()
        .with_context(|| format!("{GENERATION_PARAMETER}{number:?}"))
}

fn read_plan() -> Result<Plan> {
    let path = format!("/sys/firmware/qemu_fw_cfg/by_name/{FW_CFG_NAME}/raw");
    let json = fs::read(&path).with_context(|| path.clone())?;
    serde_json::from_slice(&json).with_context(|| path)
}
