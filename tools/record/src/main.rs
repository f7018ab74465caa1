// SPDX-License-Identifier: GPL-2.0
//! Writes the description of memory that this machine's firmware gave.

mod kcore;
mod memory;

use std::fs;

use anyhow::{Context, Result};
use clap::Parser;
use efi_rtmap_record::recording::{Machine, Recording};
use efi_rtmap_record::{arch, firmware};

use memory::Memory;

const SMBIOS: &str = "/sys/class/dmi/id";
const KERNEL_RELEASE: &str = "/proc/sys/kernel/osrelease";

/// Record how this machine's UEFI firmware describes its memory, as test data for efi-rtmap
///
/// Run it as root on a machine that was started by its firmware, not by kexec. Most kernels show
/// this memory only if they were booted with iomem=relaxed and Secure Boot off:
///
///     rtmap-record > my-machine.toml
///
/// The text has the memory map, the memory attributes table and RT_PROPERTIES, the names and
/// versions of firmware, machine and kernel, and nothing else: no serial number, no UUID, no
/// address of a network, no variable. Read it before you send it: it is short.
#[derive(Parser)]
#[command(version, about, verbatim_doc_comment)]
struct Cli {}

fn main() -> Result<()> {
    Cli::parse();
    let place = arch::place()?;
    let machine = Machine {
        vendor: line(&format!("{SMBIOS}/sys_vendor")),
        product: line(&format!("{SMBIOS}/product_name")),
        bios_version: line(&format!("{SMBIOS}/bios_version")),
    };
    let recording = Recording::new(
        line(KERNEL_RELEASE).with_context(|| format!("no {KERNEL_RELEASE}"))?,
        machine,
        firmware::read(&place, &Memory::open()?)?,
    );
    print!("{recording}");
    Ok(())
}

/// Reads a file of one line, if it exists.
fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim_end().into())
}
