// SPDX-License-Identifier: GPL-2.0
//! A crash kernel's view of the kernel that crashed.

use std::fs::File;
use std::io::Read;

use anyhow::{ensure, Context, Result};

const DUMP: &str = "/proc/vmcore";
/// The start of the line in the dump's notes that names the kernel.
const RELEASE: &str = "OSRELEASE=";
const CHUNK: usize = 1 << 20;

/// Reads all of the dump. Returns its size and the name of its kernel.
pub fn read() -> Result<String> {
    let mut dump = File::open(DUMP).context(DUMP)?;
    let promised = dump.metadata()?.len();
    let mut chunk = vec![0; CHUNK];
    let mut kernel = None;
    let mut total = 0;
    loop {
        let count = dump
            .read(&mut chunk)
            .with_context(|| format!("{DUMP} at {total:#x}"))?;
        if count == 0 {
            break;
        }
        // The notes come first.
        if total == 0 {
            kernel = release(&chunk[..count]);
        }
        total += count as u64;
    }
    ensure!(total == promised, "{DUMP}: {total} bytes of {promised}");
    let kernel = kernel.with_context(|| format!("{DUMP}: no {RELEASE} in its notes"))?;
    Ok(format!("dump of {kernel}: {} MiB", total >> 20))
}

fn release(notes: &[u8]) -> Option<String> {
    let notes = String::from_utf8_lossy(notes);
    let (_, rest) = notes.split_once(RELEASE)?;
    Some(rest.lines().next()?.to_string())
}
