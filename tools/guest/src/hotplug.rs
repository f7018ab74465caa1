// SPDX-License-Identifier: GPL-2.0
//! Processors that go off while firmware is on them, and come back.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure, Context, Result};
use efi_rtmap_orders::Service;
use nix::sched::sched_yield;

use crate::background::stay_on;
use crate::efi_test::EfiTest;
use crate::user_task;

const ROUNDS: u32 = 3;
/// Longer than any call.
const PATIENCE: Duration = Duration::from_secs(60);
/// Fields of /proc/PID/stat, from the first behind the name.
const STATE: usize = 0;
const PROCESSOR: usize = 36;

/// Calls the service on each processor, and takes the one that the task of firmware runs on off and on
/// again. Returns text such as `processors went off under firmware: 3, GetTime: EFI_SUCCESS`. All calls
/// have the same status.
pub fn under_calls(service: Service) -> Result<String> {
    let status = EfiTest::open()?.call(service)?;
    let (ends, calls) = (&AtomicBool::new(false), &AtomicU32::new(0));
    let call = move |processor| -> Result<()> {
        stay_on(processor)?;
        let efi = EfiTest::open()?;
        while !ends.load(Ordering::Relaxed) {
            let seen = efi.call(service)?;
            ensure!(
                seen == status,
                "{service:?}: {status} first, and then {seen}"
            );
            calls.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism()?.get();
        let callers: Vec<_> = (0..count).map(|k| scope.spawn(move || call(k))).collect();
        // The one that stays on, so that firmware has a reason to be elsewhere.
        let unplugged = stay_on(0).and_then(|()| (0..ROUNDS).try_for_each(|_| unplug(calls)));
        ends.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().expect("no panic")?;
        }
        unplugged
    })?;
    Ok(format!(
        "processors went off under firmware: {ROUNDS}, {service:?}: {status}"
    ))
}

/// Takes off the processor that firmware is on. Calls go on while it is off, and then it comes back.
fn unplug(calls: &AtomicU32) -> Result<()> {
    let processor = until(|| Ok(running_on()?.filter(|processor| *processor > 0)))?;
    let file = format!("/sys/devices/system/cpu/cpu{processor}/online");
    fs::write(&file, "0").with_context(|| file.clone())?;
    let before = calls.load(Ordering::Relaxed);
    until(|| {
        let on = running_on()?;
        ensure!(
            on != Some(processor),
            "firmware runs on a processor that is off"
        );
        Ok((calls.load(Ordering::Relaxed) > before + 1).then_some(()))
    })?;
    fs::write(&file, "1").with_context(|| file.clone())
}

fn until<T>(mut there: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(value) = there()? {
            return Ok(value);
        }
        sched_yield()?;
    }
    bail!("firmware did not run as it should within {PATIENCE:?}")
}

/// The processor of the task of firmware, if it runs.
fn running_on() -> Result<Option<usize>> {
    let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", user_task::find()?)) else {
        return Ok(None);
    };
    // The name may have blanks.
    let (_, rest) = stat.rsplit_once(") ").context("/proc/PID/stat")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    if fields.get(STATE) != Some(&"R") {
        return Ok(None);
    }
    let processor = fields.get(PROCESSOR).context("/proc/PID/stat")?;
    Ok(Some(processor.parse()?))
}
