// SPDX-License-Identifier: GPL-2.0
//! The actions of a plan between two kernels.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{bail, ensure, Context, Result};
use efi_rtmap_guest::damage;
use efi_rtmap_guest::handover::{Header, MAGIC};
use efi_rtmap_guest::plan::{Action, Damage};
use efi_rtmap_guest::report::{Event, Timing};
use efi_rtmap_orders::Service;

use crate::clock::nanoseconds;
use crate::efi_test::EfiTest;
use crate::shared::Files;
use crate::variables::as_outcome;
use crate::{
    background, crash, dump, hotplug, kernel_log, latency, live_update, memory, pstore, record,
    user_task, variable_limits,
};

const PAUSE: Duration = Duration::from_secs(5);
const PAUSES: u32 = 5;
pub const BUSYBOX: &str = "/bin/busybox";
/// The kernel's `resume=` names it too.
const DISK: &str = "/dev/vda";
/// The text before a table's address in the kernel log: of the stub's table, or of one that Kexec
/// Handover carries.
const TABLE_MARKS: [&str; 2] = [" RTMAP=", "rtmap: handover table: at "];
/// Far more than 128 regions in two slots need. The limit stops a read with a wrong size.
const LARGEST_TABLE: u32 = 1 << 20;

pub fn perform(generation: usize, action: &Action, files: &Files) -> Event {
    if let Action::Bench(samples) = action {
        return match bench(*samples) {
            Ok(calls) => Event::Bench { generation, calls },
            Err(error) => Event::Error {
                generation,
                message: format!("bench: {error:#}"),
            },
        };
    }
    let outcome = match action {
        Action::Damage(kind) => damage_table(*kind),
        Action::UseMemory(mebibytes) => use_memory(*mebibytes),
        Action::Insmod(name) => insmod(name, files),
        Action::Script(words) => script(words, files),
        Action::Run(words) => run_program(words),
        Action::Call(service) => call(*service),
        Action::GetNoVariable => get_no_variable(),
        Action::Hibernate => hibernate(),
        Action::Crash => crash::now(),
        Action::CrashIn(service) => crash::inside(*service),
        Action::KeepCalling(service) => background::keep_calling(*service),
        Action::Latency { calls, most_us } => latency::measure(*calls, *most_us),
        Action::AttackTask => user_task::attack(),
        Action::Unplug(service) => hotplug::under_calls(*service),
        Action::TryVariables => variable_limits::exercise(),
        Action::Read(path) => read(path),
        Action::ReadDump => dump::read(),
        Action::ReadPstore => pstore::read(),
        Action::RecordFirmware => record::firmware(),
        Action::PreserveFile => live_update::preserve(),
        Action::RetrieveFile => live_update::retrieve(),
        Action::Bench(_) => unreachable!("handled above"),
    };
    Event::Action {
        generation,
        action: action.clone(),
        outcome: as_outcome(outcome),
    }
}

fn damage_table(kind: Damage) -> Result<String> {
    let address = table_address()?;
    if kind == Damage::Magic {
        let magic = damage::toggle_magic(&memory::read(address, MAGIC.len())?)?;
        memory::write(address, &magic)?;
        return Ok(format!("table at {address:#x}: magic is {magic:02x?} now"));
    }
    let head = memory::read(address, size_of::<Header>())?;
    let size = Header::read(&head)?.size.get();
    ensure!(size <= LARGEST_TABLE, "handover table: {size} bytes");
    let mut table = memory::read(address, size as usize)?;
    let said = damage::apply(&mut table, kind)?;
    memory::write(address, &table)?;
    ensure!(
        memory::read(address, table.len())? == table,
        "handover table at {address:#x}: the damage did not stay"
    );
    Ok(format!("table at {address:#x}: {said}"))
}

fn table_address() -> Result<u64> {
    let log = kernel_log::read()?;
    let after = |mark| log.iter().find_map(|line| Some(line.split_once(mark)?.1));
    let number = TABLE_MARKS
        .into_iter()
        .find_map(after)
        .and_then(|rest| rest.split([' ', ',']).next())
        .context("the kernel log has no address of a handover table")?;
    let digits = number.strip_prefix("0x").unwrap_or(number);
    u64::from_str_radix(digits, 16).with_context(|| format!("handover table at {number}"))
}

/// The value is not zero, so that memory with old content is noticed by its readers.
fn use_memory(mebibytes: u64) -> Result<String> {
    let mut held = Vec::new();
    for _ in 0..mebibytes {
        held.push(vec![0xa5u8; 1 << 20]);
    }
    let sum: usize = held.iter().map(|part| part[part.len() / 2] as usize).sum();
    ensure!(sum == 0xa5 * held.len(), "memory did not keep its content");
    Ok(format!("{} MiB filled", held.len()))
}

fn insmod(name: &str, files: &Files) -> Result<String> {
    let before = kernel_log::read()?.len();
    let path = files.unpack(name)?;
    run(Command::new(BUSYBOX).arg("insmod").arg(path))?;
    let log = kernel_log::read()?;
    Ok(log[before.min(log.len())..].join("\n"))
}

fn script(words: &[String], files: &Files) -> Result<String> {
    let [name, arguments @ ..] = words else {
        bail!("script: no name");
    };
    fs::create_dir_all("/bin")?;
    run(Command::new(BUSYBOX).args(["--install", "-s", "/bin"]))?;
    let mut line = vec![files.unpack(name)?];
    for word in arguments {
        line.push(match word.strip_prefix('@') {
            Some(name) => files.unpack(name)?,
            None => word.into(),
        });
    }
    run(Command::new("/bin/sh").args(line))
}

fn run_program(words: &[String]) -> Result<String> {
    let [program, arguments @ ..] = words else {
        bail!("run: no program");
    };
    run(Command::new(program).args(arguments))
}

/// Returns in the machine's next life: the kernel that firmware starts then finds the image.
fn hibernate() -> Result<String> {
    for applet in ["mkswap", "swapon"] {
        run(Command::new(BUSYBOX).args([applet, DISK]))?;
    }
    for (file, word) in [("disk", "reboot"), ("state", "disk")] {
        let path = format!("/sys/power/{file}");
        fs::write(&path, word).with_context(|| format!("{word} to {path}"))?;
    }
    run(Command::new(BUSYBOX).args(["swapoff", DISK]))?;
    Ok("resumed".into())
}

fn get_no_variable() -> Result<String> {
    let status = EfiTest::open()?.get_no_variable()?;
    Ok(format!("GetVariable without a name: {status}"))
}

/// Returns text such as `GetTime: EFI_ABORTED`.
fn call(service: Service) -> Result<String> {
    let status = EfiTest::open()?.call(service)?;
    Ok(format!("{service:?}: {status}"))
}

/// Returns text such as `/a/file: its content`.
fn read(path: &str) -> Result<String> {
    let content = fs::read_to_string(path).with_context(|| path.to_string())?;
    Ok(format!("{path}: {}", content.trim_end()))
}

/// Runs a command to its end and returns its output. An error contains the output too.
pub fn run(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().with_context(|| shown.clone())?;
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    printed += &String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{shown}: {}: {}",
        output.status,
        printed.trim_end()
    );
    Ok(printed)
}

fn bench(samples: u32) -> Result<BTreeMap<String, Timing>> {
    let efi = EfiTest::open()?;
    let mut calls = BTreeMap::new();
    let mut time = |name: &str, samples, call: &dyn Fn() -> Result<u64>| -> Result<()> {
        let times = (0..samples).map(|_| call()).collect::<Result<Vec<_>>>()?;
        calls.insert(name.into(), Timing::of(times).context("no samples")?);
        Ok(())
    };
    let get_time = || nanoseconds(|| efi.get_time()?.success());
    time("GetTime", samples, &get_time)?;
    time("GetVariable", samples, &|| {
        nanoseconds(|| efi.get_variable()?.success().map(drop))
    })?;
    time("refused call", samples, &|| {
        nanoseconds(|| efi.refused_call())
    })?;
    // The task of user mode is gone by then.
    time("GetTime after 5 s", PAUSES, &|| {
        thread::sleep(PAUSE);
        get_time()
    })?;
    Ok(calls)
}
