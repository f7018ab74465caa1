// SPDX-License-Identifier: GPL-2.0
//! The serial port for the report.

use std::fs::{File, OpenOptions};
use std::io::Write;

use anyhow::{Context, Result};
use efi_rtmap_guest::report::Event;
use nix::sys::termios::{cfmakeraw, tcdrain, tcgetattr, tcsetattr, SetArg};

use crate::arch::REPORT_PORT as PORT;

pub struct Serial(File);

impl Serial {
    pub fn open() -> Result<Self> {
        let port = OpenOptions::new().write(true).open(PORT).context(PORT)?;
        let mut settings = tcgetattr(&port)?;
        cfmakeraw(&mut settings);
        tcsetattr(&port, SetArg::TCSANOW, &settings)?;
        Ok(Self(port))
    }

    /// Returns after the last byte was sent: the next event may be another kernel.
    pub fn send(&mut self, event: &Event) -> Result<()> {
        let mut line = serde_json::to_string(event)?;
        line.push('\n');
        self.0.write_all(line.as_bytes()).context(PORT)?;
        tcdrain(&self.0).context(PORT)
    }
}
