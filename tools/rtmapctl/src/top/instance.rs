// SPDX-License-Identifier: GPL-2.0
//! A trace of our own, beside those of other tools.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{anyhow, bail, Context, Result};

use crate::machine::Machine;

const TRACING: &str = "sys/kernel/tracing";
const EVENT: &str = "events/efi_rtmap/efi_rtmap_call_end";

/// A trace instance that records the end of calls. It is removed when this is dropped.
pub struct Instance(PathBuf);

impl Instance {
    pub fn new(machine: &Machine) -> Result<Self> {
        let tracing = machine.path(TRACING);
        match fs::exists(tracing.join(EVENT)) {
            Ok(true) => (),
            Ok(false) if fs::exists(tracing.join("events")).unwrap_or(false) => bail!(
                "this kernel has no trace events about firmware calls: it needs CONFIG_EFI_RTMAP"
            ),
            Ok(false) => bail!(
                "{}: no trace events; mount tracefs there (`mount -t tracefs tracefs \
                 /sys/kernel/tracing`), in a kernel with CONFIG_TRACEPOINTS",
                tracing.display()
            ),
            Err(error) => return Err(error).with_context(|| tracing.display().to_string()),
        }
        let path = tracing.join("instances/rtmapctl");
        match fs::create_dir(&path) {
            Ok(()) => (),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
                "{0}: in use by another rtmapctl; if there is none, remove it (`rmdir {0}`)",
                path.display()
            ),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        }
        let instance = Self(path);
        let enable = instance.0.join(EVENT).join("enable");
        fs::write(&enable, "1").with_context(|| enable.display().to_string())?;
        Ok(instance)
    }

    /// The trace so far, as text.
    pub fn read(&self) -> Result<String> {
        let path = self.0.join("trace");
        fs::read_to_string(&path).map_err(|error| anyhow!("{}: {error}", path.display()))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            eprintln!("rtmapctl: {}: {error}", self.0.display());
        }
    }
}
