// SPDX-License-Identifier: GPL-2.0
//! The files of the machine, below the root that the user names.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use efi_rtmap_plan::words::{self, Asked};

const EFI: &str = "sys/firmware/efi";
const RTMAP: &str = "sys/firmware/efi/rtmap";
const REAL_TIME: &str = "sys/kernel/realtime";

pub struct Machine {
    root: PathBuf,
}

/// The reason why the kernel shows no map.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Absent {
    #[error("this kernel was not started by EFI: there is no /{EFI}")]
    NoEfi,
    #[error(
        "this kernel leaves the map to the C code, as requested by efi=rtmap:off; boot without it \
         to have the runtime map"
    )]
    Off,
    #[error(
        "this kernel does not call firmware, by efi=noruntime, and passes the map on as it is; boot \
         without it, or with efi=runtime, to have the services"
    )]
    NoRuntime,
    #[error(
        "this PREEMPT_RT kernel does not call firmware by default, or was built without \
         CONFIG_EFI_RTMAP; if `dmesg` has a line with \"efi: rtmap:\", boot with efi=runtime or \
         efi=rtmap:user to have the services"
    )]
    RealTime,
    #[error(
        "this is a stock kernel: there is no /{RTMAP}; boot a kernel with CONFIG_EFI_RTMAP to have \
         the runtime map"
    )]
    Stock,
}

/// A file that may be missing, or be for root only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found<T> {
    Value(T),
    Missing,
    Forbidden,
}

impl<T> Found<T> {
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing | Self::Forbidden => None,
        }
    }
}

impl Machine {
    pub fn at(root: &Path) -> Self {
        Self { root: root.into() }
    }

    /// The place of a file whose `name` has no slash at its start.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The reason why there is no map to show, or [`None`] if there is one.
    pub fn absent(&self) -> Result<Option<Absent>> {
        if self.path(RTMAP).is_dir() {
            return Ok(None);
        }
        if !self.path(EFI).is_dir() {
            return Ok(Some(Absent::NoEfi));
        }
        let asked = self.asked()?;
        Ok(Some(if asked.off {
            Absent::Off
        } else if asked.services == Some(false) {
            Absent::NoRuntime
        } else if self
            .line(REAL_TIME)?
            .value()
            .is_some_and(|line| line == "1")
        {
            Absent::RealTime
        } else {
            Absent::Stock
        }))
    }

    /// The words of the kernel's command line. Without the file there are none.
    pub fn asked(&self) -> Result<Asked> {
        let line = self.line("proc/cmdline")?;
        Ok(words::asked(line.value().map_or("", String::as_str)))
    }

    /// The value of a file in the kernel's directory of the map.
    pub fn rtmap(&self, name: &str) -> Result<String> {
        let name = format!("{RTMAP}/{name}");
        match self.line(&name)? {
            Found::Value(value) => Ok(value),
            Found::Missing => anyhow::bail!("{}: no such file", self.path(&name).display()),
            Found::Forbidden => anyhow::bail!("{}: permission denied", self.path(&name).display()),
        }
    }

    /// A file of one line, without the end of the line.
    pub fn line(&self, name: &str) -> Result<Found<String>> {
        Ok(match self.bytes(name)? {
            Found::Value(bytes) => {
                let text = String::from_utf8(bytes).ok();
                let line = text.as_deref().map(str::trim_end);
                let line = line.filter(|line| !line.contains(char::is_control));
                let error = || format!("{}: not one line of text", self.path(name).display());
                Found::Value(line.with_context(error)?.into())
            }
            Found::Missing => Found::Missing,
            Found::Forbidden => Found::Forbidden,
        })
    }

    pub fn bytes(&self, name: &str) -> Result<Found<Vec<u8>>> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Found::Value(bytes)),
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(Found::Missing),
                ErrorKind::PermissionDenied => Ok(Found::Forbidden),
                _ => Err(error).with_context(|| path.display().to_string()),
            },
        }
    }
}
