// SPDX-License-Identifier: GPL-2.0
//! The kernel's log, from its first line.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result};

const KMSG: &str = "/dev/kmsg";

/// Marks of records about the firmware.
const ABOUT_EFI: [&str; 2] = [";efi: ", ": Secure boot "];
/// The level of warnings. Worse levels are lower.
const WARNING: u8 = 4;

/// Returns one `[seconds.microseconds] text` for each record.
pub fn read() -> Result<Vec<String>> {
    lines(|_| true)
}

/// Returns only records about EFI, and warnings and worse.
pub fn read_briefly() -> Result<Vec<String>> {
    lines(|record| {
        let about_efi = ABOUT_EFI.iter().any(|mark| record.contains(mark));
        about_efi || level(record).is_none_or(|level| level <= WARNING)
    })
}

fn lines(wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut kmsg = OpenOptions::new()
        .read(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(KMSG)
        .context(KMSG)?;
    let mut record = [0; 8192];
    let mut lines = Vec::new();
    loop {
        match kmsg.read(&mut record) {
            Ok(0) => break,
            Ok(length) => {
                let record = String::from_utf8_lossy(&record[..length]);
                lines.extend(wanted(&record).then(|| line(&record)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // The record was overwritten during the read. The next record can be read.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => return Err(error).context(KMSG),
        }
    }
    Ok(lines)
}

/// The three low bits of a record's first number.
fn level(record: &str) -> Option<u8> {
    let number: u32 = record.split_once(',')?.0.parse().ok()?;
    Some((number & 7) as u8)
}

/// A record is `level,sequence,microseconds,flags;text`, then lines of metadata.
fn line(record: &str) -> String {
    let record = record.lines().next().unwrap_or_default();
    let (head, text) = record.split_once(';').unwrap_or(("", record));
    let microseconds: u64 = head
        .split(',')
        .nth(2)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let (seconds, rest) = (microseconds / 1_000_000, microseconds % 1_000_000);
    format!("[{seconds:5}.{rest:06}] {text}")
}
