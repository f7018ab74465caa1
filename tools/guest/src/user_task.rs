// SPDX-License-Identifier: GPL-2.0
//! The task that firmware runs in, attacked with all rights of a process.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use crate::efi_test::EfiTest;

const NAME: &str = "efi-runtime";

/// Tries to trace the task, to read its memory and to kill it. Returns text such as
/// `ptrace: EPERM, /proc/PID/mem: EIO, then GetTime: EFI_SUCCESS`.
pub fn attack() -> Result<String> {
    let efi = EfiTest::open()?;
    // The task ends if it has nothing to do, and a call makes one.
    efi.get_time()?.success()?;
    let pid = find()?;
    let traced = ptrace::seize(pid, ptrace::Options::empty());
    let address = first_address(pid)?;
    let mut bytes = [0; 8];
    let read = File::open(format!("/proc/{pid}/mem"))
        .and_then(|memory| memory.read_at(&mut bytes, address))
        .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)));
    for signal in Signal::iterator() {
        kill(pid, signal).with_context(|| format!("{signal}"))?;
    }
    let after = efi.get_time()?.status;
    let still = find().is_ok_and(|found| found == pid);
    Ok(format!(
        "ptrace: {}, /proc/PID/mem: {}, then GetTime: {after}, the same task: {still}",
        outcome(traced),
        outcome(read),
    ))
}

fn outcome<T>(result: Result<T, Errno>) -> String {
    match result {
        Ok(_) => "success".into(),
        Err(error) => format!("{error:?}"),
    }
}

fn find() -> Result<Pid> {
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.trim_end() == NAME {
            return Ok(Pid::from_raw(pid));
        }
    }
    anyhow::bail!("there is no task {NAME}")
}

/// The address of the first range that the task has mapped.
fn first_address(pid: Pid) -> Result<u64> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let start = maps.split('-').next().context("the task has no memory")?;
    u64::from_str_radix(start, 16).with_context(|| start.to_string())
}
