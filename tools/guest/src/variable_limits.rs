// SPDX-License-Identifier: GPL-2.0
//! Variables that are large, appended, many or unsigned. All are deleted again.

use anyhow::{ensure, Context, Result};
use efi_rtmap_guest::status::Status;
use uguid::Guid;

use crate::efi_test::{EfiTest, ATTRIBUTES, VENDOR};

const LARGE: usize = 30_000;
/// More than the header and the name of a variable, which count too.
const HEAD: usize = 256;
const PIECES: u8 = 10;
const PIECE: usize = 300;
const NAMES: usize = 60;
const PREFIX: &str = "RtmapMany";

const APPEND: u32 = 1 << 6;
/// The content begins with a signature.
const AUTHENTICATED: u32 = 1 << 5;

/// Returns text such as `variables: 30000 bytes, 10 pieces, 60 names, unsigned: EFI_SECURITY_VIOLATION`.
pub fn exercise() -> Result<String> {
    let efi = EfiTest::open()?;
    let size = large(&efi).context("large variable")?;
    append(&efi).context("appended variable")?;
    names(&efi).context("many variables")?;
    let unsigned = unsigned(&efi)?;
    Ok(format!(
        "variables: {size} bytes, {PIECES} pieces, {NAMES} names, unsigned: {unsigned}"
    ))
}

/// Returns its size: firmware may allow no more.
fn large(efi: &EfiTest) -> Result<usize> {
    const NAME: &str = "RtmapLarge";
    let most = usize::try_from(efi.storage()?.largest_variable)?;
    let size = LARGE.min(most.saturating_sub(HEAD));
    let content: Vec<u8> = (0..size).map(|k| (k % 251) as u8).collect();
    efi.set(NAME, ATTRIBUTES, &content)?.success()?;
    holds(efi, NAME, &content)?;
    let small = efi.get(NAME, &VENDOR, &mut [0; 1])?.status;
    ensure!(small == Status::BUFFER_TOO_SMALL, "one byte of it: {small}");
    efi.delete_variable(NAME)?;
    Ok(size)
}

fn append(efi: &EfiTest) -> Result<()> {
    const NAME: &str = "RtmapAppended";
    let mut content = Vec::new();
    for k in 0..PIECES {
        let piece = [k; PIECE];
        content.extend(piece);
        efi.set(NAME, ATTRIBUTES | APPEND, &piece)?.success()?;
    }
    holds(efi, NAME, &content)?;
    efi.delete_variable(NAME)
}

/// Names of many lengths are all listed, and none is once they are deleted.
fn names(efi: &EfiTest) -> Result<()> {
    let name = |k: usize| format!("{PREFIX}{k:02}{}", "x".repeat(2 * k));
    let mut written: Vec<String> = (0..NAMES).map(name).collect();
    written.sort();
    for name in &written {
        efi.set(name, ATTRIBUTES, name.as_bytes())?.success()?;
    }
    ensure!(list(efi)? == written, "listed: {:?}", list(efi)?);
    for name in &written {
        holds(efi, name, name.as_bytes())?;
        efi.delete_variable(name)?;
    }
    ensure!(list(efi)?.is_empty(), "still listed: {:?}", list(efi)?);
    Ok(())
}

/// The names that firmware lists, as far as they are of this file.
fn list(efi: &EfiTest) -> Result<Vec<String>> {
    let (mut name, mut vendor) = ([0; 512], Guid::ZERO);
    let mut names = Vec::new();
    loop {
        let status = efi.get_next_variable_name(&mut name, &mut vendor)?.status;
        if status == Status::NOT_FOUND {
            names.sort();
            return Ok(names);
        }
        ensure!(status == Status::SUCCESS, "GetNextVariableName: {status}");
        let text = name.split(|unit| *unit == 0).next().unwrap_or_default();
        let text = String::from_utf16_lossy(text);
        if text.starts_with(PREFIX) && vendor == VENDOR {
            names.push(text);
        }
    }
}

/// Firmware refuses a signature of nothing but zeros. The status is its own.
fn unsigned(efi: &EfiTest) -> Result<Status> {
    const NAME: &str = "RtmapUnsigned";
    let status = efi.set(NAME, ATTRIBUTES | AUTHENTICATED, &[0; 64])?.status;
    let there = efi.get(NAME, &VENDOR, &mut [0; 64])?.status;
    ensure!(
        status != Status::SUCCESS && there == Status::NOT_FOUND,
        "unsigned variable: {status} when written, {there} when read"
    );
    Ok(status)
}

fn holds(efi: &EfiTest, name: &str, content: &[u8]) -> Result<()> {
    let mut data = vec![0; content.len()];
    let size = efi.get(name, &VENDOR, &mut data)?.success()?;
    ensure!(
        size == content.len() && data == content,
        "{name}: {size} bytes, not as written"
    );
    Ok(())
}
