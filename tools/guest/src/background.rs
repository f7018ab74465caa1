// SPDX-License-Identifier: GPL-2.0
//! Calls of firmware while the guest does something else.

use std::fs;
use std::thread;

use anyhow::{Context, Result};
use efi_rtmap_orders::Service;
use nix::sched::{sched_setaffinity, CpuSet};
use nix::unistd::Pid;

use crate::efi_test::EfiTest;

/// The kernel's setting for the processors on which calls are made.
const CALLED_ON: &str = "/sys/devices/virtual/workqueue/efi_runtime/cpumask";

/// Calls the service until the kernel ends.
pub fn keep_calling(service: Service) -> Result<String> {
    keep_apart()?;
    let efi = EfiTest::open()?;
    efi.call(service)?;
    thread::spawn(move || while efi.call(service).is_ok() {});
    Ok(format!("{service:?}: again and again"))
}

/// Moves calls to the second processor, and this process to the first. The end of the kernel must
/// not wait for the processor that firmware keeps.
pub fn keep_apart() -> Result<()> {
    fs::write(CALLED_ON, "2").context(CALLED_ON)?;
    stay_on(0)
}

/// Keeps the calling thread on this processor.
pub fn stay_on(processor: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(processor)?;
    sched_setaffinity(Pid::from_raw(0), &set)
        .with_context(|| format!("staying on processor {processor}"))
}
