// SPDX-License-Identifier: GPL-2.0
//! The end of a kernel, also during a firmware call.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::background::keep_apart;
use crate::efi_test::EfiTest;
use anyhow::{bail, Context, Result};
use efi_rtmap_orders::Service;

/// Calls of a service that hangs in one of the first calls. Firmware is told in which one.
const CALLS: u32 = 100;
/// A call that takes this long does not return.
const HANGS: Duration = Duration::from_secs(2);

/// Returns only if no call hangs.
pub fn inside(service: Service) -> Result<String> {
    keep_apart()?;
    let efi = EfiTest::open()?;
    let (returned, returns) = mpsc::channel();
    thread::spawn(move || {
        for _ in 0..CALLS {
            let status = efi.call(service).map(|status| status.to_string());
            // This fails only if nobody waits for the result any more.
            let _ = returned.send(status);
        }
    });
    loop {
        match returns.recv_timeout(HANGS) {
            Ok(status) => drop(status.context("the call that was to hang")?),
            Err(mpsc::RecvTimeoutError::Timeout) => break,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("{service:?}: {CALLS} calls, and none that hangs")
            }
        }
    }
    now()
}

/// Returns only if the kernel does not crash.
pub fn now() -> Result<String> {
    fs::write("/proc/sysrq-trigger", "c").context("sysrq")?;
    bail!("the kernel did not crash")
}
