// SPDX-License-Identifier: GPL-2.0
//! The task that firmware runs in, attacked with all rights of a process.

use std::fs::{self, File};
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::libc;
use nix::mount::{mount, MsFlags};
use nix::sys::ptrace;
use nix::sys::signal::{kill, Signal};
use nix::sys::uio::{process_vm_readv, RemoteIoVec};
use nix::unistd::Pid;

use crate::efi_test::EfiTest;

const NAME: &str = "efi-runtime";
const GROUPS: &str = "/groups";

/// Tries to trace the task, to read its memory, to take its files, to move it to another control group
/// and to kill it. Returns text such as `ptrace: EPERM, …, then GetTime: EFI_SUCCESS`.
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
        .map_err(number);
    let there = RemoteIoVec {
        base: address as usize,
        len: bytes.len(),
    };
    let copied = process_vm_readv(pid, &mut [IoSliceMut::new(&mut bytes)], &[there]);
    let taken = take_file(pid);
    let moved = move_to_group(pid);
    for signal in Signal::iterator() {
        kill(pid, signal).with_context(|| format!("{signal}"))?;
    }
    let after = efi.get_time()?.status;
    let still = find().is_ok_and(|found| found == pid);
    Ok(format!(
        "ptrace: {}, /proc/PID/mem: {}, process_vm_readv: {}, pidfd_getfd: {}, cgroup.procs: {}, \
         then GetTime: {after}, the same task: {still}",
        outcome(traced),
        outcome(read),
        outcome(copied),
        outcome(taken),
        outcome(moved),
    ))
}

/// Takes the first file that the task has open.
fn take_file(pid: Pid) -> Result<i64, Errno> {
    // SAFETY: takes numbers only.
    let task = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
    // SAFETY: as above.
    Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_getfd, task, 0, 0) })
}

/// Moves the task to a control group, which could be frozen.
fn move_to_group(pid: Pid) -> Result<(), Errno> {
    let none: Option<&str> = None;
    fs::create_dir_all(GROUPS).map_err(number)?;
    mount(none, GROUPS, Some("cgroup2"), MsFlags::empty(), none)?;
    let group = format!("{GROUPS}/group");
    fs::create_dir(&group).map_err(number)?;
    fs::write(format!("{group}/cgroup.procs"), pid.to_string()).map_err(number)
}

fn number(error: io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

fn outcome<T>(result: Result<T, Errno>) -> String {
    match result {
        Ok(_) => "success".into(),
        Err(error) => format!("{error:?}"),
    }
}

/// The task that firmware runs in, if there is one.
pub fn find() -> Result<Pid> {
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
