// SPDX-License-Identifier: GPL-2.0
//! EFI variables through efivarfs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use efi_rtmap_guest::plan::{forgotten, kept, variable_content, variable_name};
use efi_rtmap_guest::plan::{VARIABLE_PREFIX, VENDOR_GUID};
use efi_rtmap_guest::report::{Outcome, Variables};

use crate::efi_test::EfiTest;

const DIRECTORY: &str = "/sys/firmware/efi/efivars";
/// Non-volatile, boot service access, runtime access.
const ATTRIBUTES: u32 = 7;

/// Writes the variable of `generation`. Then reads the variables of all generations so far, as far
/// as a soak has kept them.
pub fn exercise(generation: usize, soak: bool) -> Result<Variables> {
    if !Path::new(DIRECTORY).join(".").is_dir() {
        anyhow::bail!("no {DIRECTORY}");
    }
    // This bypasses efivarfs, before efivarfs makes a list: it protects names that it does not
    // know.
    let forgotten = forgotten(generation, soak).map_or(Ok(()), forget);
    crate::mount_one("efivarfs", DIRECTORY).context("mount efivarfs")?;
    let listed_before = list()?;
    let written = forgotten.and_then(|()| write(generation));
    Ok(Variables {
        listed_before,
        written: as_outcome(written),
        listed: list()?,
        held: kept(generation, soak)
            .into_iter()
            .map(|k| as_outcome(read(k)))
            .collect(),
    })
}

fn forget(generation: usize) -> Result<()> {
    EfiTest::open()?.delete_variable(&variable_name(generation))
}

fn list() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(DIRECTORY)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(VARIABLE_PREFIX) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The file of a variable, by its name and GUID.
pub fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

fn path_of(generation: usize) -> PathBuf {
    path(&format!("{}-{VENDOR_GUID}", variable_name(generation)))
}

fn write(generation: usize) -> Result<()> {
    let mut bytes = ATTRIBUTES.to_le_bytes().to_vec();
    bytes.extend(variable_content(generation));
    let path = path_of(generation);
    if path.exists() {
        // This generation runs again, because its image was refused. efivarfs protects the
        // variable.
        ensure!(fs::read(&path)? == bytes, "holds something else already");
        return Ok(());
    }
    // This is one write(2): efivarfs needs attributes and content at once.
    fs::write(path, bytes)?;
    Ok(())
}

fn read(generation: usize) -> Result<String> {
    let (attributes, content) = content(&path_of(generation))?;
    ensure!(attributes == ATTRIBUTES, "attributes are {attributes:#x}");
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// Returns the attributes and the content of a variable.
pub fn content(path: &Path) -> Result<(u32, Vec<u8>)> {
    let bytes = fs::read(path)?;
    let (attributes, content) = bytes.split_first_chunk().context("no attributes")?;
    Ok((u32::from_le_bytes(*attributes), content.to_vec()))
}

pub fn as_outcome<T>(result: Result<T>) -> Outcome<T> {
    result.map_err(|error| format!("{error:#}"))
}
