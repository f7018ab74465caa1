// SPDX-License-Identifier: GPL-2.0
//! Stops of the machine while firmware is in a call, as those of a host that is suspended: the
//! machine's clocks go on.

use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use efi_rtmap_orders::{Event, Fault, What};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;

use super::FIRMWARE_LOG;
use crate::machine::firmware_log;
use crate::machine::tail::Tail;
use crate::scenario::Scenario;

pub struct Stops<'a> {
    ordered: Vec<&'a Fault>,
    told: Tail,
}

impl<'a> Stops<'a> {
    pub fn new(scenario: &'a Scenario, logs: &Path) -> Self {
        let faults = scenario.fault.iter();
        Self {
            ordered: faults
                .filter(|fault| fault.what == What::MachineStops)
                .collect(),
            told: Tail::new(logs.join(FIRMWARE_LOG)),
        }
    }

    /// Stops the machine as often as firmware has asked for it since the last time.
    pub fn look(&mut self, qemu: &Child) -> Result<()> {
        if self.ordered.is_empty() {
            return Ok(());
        }
        for event in firmware_log::parse(&self.told.lines()?)? {
            if let Some(seconds) = self.seconds(&event) {
                stop(qemu, Duration::from_secs(seconds))?;
            }
        }
        Ok(())
    }

    fn seconds(&self, event: &Event) -> Option<u64> {
        let Event::Fault { what, service, .. } = event else {
            return None;
        };
        let mut ordered = self.ordered.iter();
        let order = ordered.find(|fault| fault.what == *what && fault.service == *service)?;
        Some(order.count.into())
    }
}

fn stop(process: &Child, time: Duration) -> Result<()> {
    let id = Pid::from_raw(process.id().try_into()?);
    kill(id, Signal::SIGSTOP).context("cannot stop the machine")?;
    thread::sleep(time);
    kill(id, Signal::SIGCONT).context("cannot let the machine go on")
}
