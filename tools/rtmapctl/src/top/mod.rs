// SPDX-License-Identifier: GPL-2.0
//! The calls of firmware during some seconds: how many of each service, and how long they take.

mod calls;
mod instance;

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result};

use self::calls::Calls;
use self::instance::Instance;
use crate::machine::Machine;
use crate::paint::Paint;

/// Listens for `seconds`, or until the user interrupts.
pub fn text(machine: &Machine, seconds: u64, paint: Paint) -> Result<String> {
    let instance = Instance::new(machine)?;
    eprintln!("listening for {seconds} s; Ctrl-C ends it earlier");
    wait(Duration::from_secs(seconds))?;
    let trace = instance.read()?;
    Ok(Calls::of(&trace)?.text(paint))
}

fn wait(time: Duration) -> Result<()> {
    let (interrupt, interrupted) = mpsc::channel();
    let handler = move || {
        // A receiver that is gone has stopped waiting.
        let _ = interrupt.send(());
    };
    ctrlc::set_handler(handler).context("Ctrl-C")?;
    match interrupted.recv_timeout(time) {
        Ok(()) | Err(RecvTimeoutError::Timeout) => Ok(()),
        Err(error) => Err(error).context("Ctrl-C"),
    }
}
