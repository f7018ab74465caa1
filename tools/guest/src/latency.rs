// SPDX-License-Identifier: GPL-2.0
//! The latency of a real-time task while firmware is called on its processor.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{ensure, Context, Result};
use efi_rtmap_orders::Service;
use nix::errno::Errno;
use nix::libc;

use crate::efi_test::EfiTest;

const PERIOD: Duration = Duration::from_millis(1);
/// Firmware that computes for two seconds is met at its beginning.
const DURATION: Duration = Duration::from_secs(5);
/// Between calls that fail, so that they are not all that happens.
const PAUSE: Duration = Duration::from_millis(10);

/// Measures the latency, and returns text such as `latency: 57 us`. It is an error if it is more than
/// `most_us`.
pub fn measure(calls: Option<Service>, most_us: Option<u32>) -> Result<String> {
    let ends = &AtomicBool::new(false);
    let longest = thread::scope(|scope| {
        let caller = calls.map(|service| scope.spawn(move || keep_calling(service, ends)));
        let timer = scope.spawn(|| {
            be_real_time()?;
            anyhow::Ok(longest_delay())
        });
        let longest = timer.join().expect("no panic");
        ends.store(true, Ordering::Relaxed);
        if let Some(caller) = caller {
            caller.join().expect("no panic")?;
        }
        longest
    })?;
    let longest = longest.as_micros();
    if let Some(most) = most_us {
        ensure!(longest <= most.into(), "latency: {longest} us");
    }
    Ok(format!("latency: {longest} us"))
}

fn keep_calling(service: Service, ends: &AtomicBool) -> Result<()> {
    let efi = EfiTest::open()?;
    while !ends.load(Ordering::Relaxed) {
        if efi.call(service).is_err() {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// The calling thread precedes all others, those for interrupts included.
fn be_real_time() -> Result<()> {
    let parameters = libc::sched_param { sched_priority: 90 };
    // SAFETY: the parameters are valid for reads.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &parameters) };
    Errno::result(result).context("SCHED_FIFO")?;
    Ok(())
}

/// The longest time by which a sleep of one period was too long.
fn longest_delay() -> Duration {
    let mut longest = Duration::ZERO;
    let start = Instant::now();
    while start.elapsed() < DURATION {
        let begin = Instant::now();
        thread::sleep(PERIOD);
        longest = longest.max(begin.elapsed().saturating_sub(PERIOD));
    }
    longest
}
