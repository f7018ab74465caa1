// SPDX-License-Identifier: GPL-2.0
//! A session of the Live Update Orchestrator, the kernel's own user of Kexec Handover. It keeps a
//! file in memory that outlives the kernel.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};

use anyhow::{ensure, Context, Result};
use nix::request_code_none;
use nix::sys::memfd::{memfd_create, MFdFlags};

const DEVICE: &str = "/dev/liveupdate";
const SESSION: &[u8] = b"efi-rtmap-lab";
const TOKEN: u64 = 1;
const CONTENT: &[u8] = b"kept by a live update session; ";
/// More than one page.
const REPEATED: usize = 1000;

/// `struct liveupdate_ioctl_create_session`, and `..._retrieve_session`.
#[repr(C)]
pub struct Session {
    size: u32,
    fd: RawFd,
    name: [u8; 64],
}

/// `struct liveupdate_session_preserve_fd`, and `..._retrieve_fd`.
#[repr(C)]
pub struct KeptFile {
    size: u32,
    fd: RawFd,
    token: u64,
}

/// `struct liveupdate_session_finish`.
#[repr(C)]
pub struct Finish {
    size: u32,
    reserved: u32,
}

nix::ioctl_readwrite_bad!(create_session, request_code_none!(0xba, 0x00), Session);
nix::ioctl_readwrite_bad!(retrieve_session, request_code_none!(0xba, 0x01), Session);
nix::ioctl_write_ptr_bad!(preserve_fd, request_code_none!(0xba, 0x40), KeptFile);
nix::ioctl_readwrite_bad!(retrieve_fd, request_code_none!(0xba, 0x41), KeptFile);
nix::ioctl_write_ptr_bad!(finish, request_code_none!(0xba, 0x42), Finish);

/// Asks the kernel to keep a file over the next kexec.
pub fn preserve() -> Result<String> {
    let mut file = File::from(memfd_create(c"kept", MFdFlags::empty()).context("memfd_create")?);
    let content = CONTENT.repeat(REPEATED);
    file.write_all(&content)?;
    let device = open()?;
    let mut session = named_session();
    // SAFETY: the structure is what the request takes.
    unsafe { create_session(device.as_raw_fd(), &mut session) }.context("create a session")?;
    let kept = KeptFile {
        size: size_of::<KeptFile>() as u32,
        fd: file.as_raw_fd(),
        token: TOKEN,
    };
    // SAFETY: as above.
    unsafe { preserve_fd(session.fd, &kept) }.context("preserve a file")?;
    // `session.fd` is never closed. So the session lives on until its last descriptor is closed.
    let _ = file.into_raw_fd();
    Ok(format!("live update: {} bytes to be kept", content.len()))
}

/// Checks the file that an earlier kernel was asked to keep, and ends the session.
pub fn retrieve() -> Result<String> {
    let device = open()?;
    let mut session = named_session();
    // SAFETY: the structure is what the request takes.
    unsafe { retrieve_session(device.as_raw_fd(), &mut session) }
        .context("retrieve the session")?;
    let mut kept = KeptFile {
        size: size_of::<KeptFile>() as u32,
        fd: -1,
        token: TOKEN,
    };
    // SAFETY: as above.
    unsafe { retrieve_fd(session.fd, &mut kept) }.context("retrieve the file")?;
    // SAFETY: the descriptor is new, and nobody else has it.
    let mut file = unsafe { File::from_raw_fd(kept.fd) };
    file.rewind()?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    ensure!(
        content == CONTENT.repeat(REPEATED),
        "live update: {} bytes, and not those that were to be kept",
        content.len()
    );
    let done = Finish {
        size: size_of::<Finish>() as u32,
        reserved: 0,
    };
    // SAFETY: as above.
    unsafe { finish(session.fd, &done) }.context("finish the session")?;
    Ok(format!("live update: {} bytes were kept", content.len()))
}

fn open() -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(DEVICE)
        .context(DEVICE)
}

fn named_session() -> Session {
    let mut name = [0; 64];
    name[..SESSION.len()].copy_from_slice(SESSION);
    Session {
        size: size_of::<Session>() as u32,
        fd: -1,
        name,
    }
}
