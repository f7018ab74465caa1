// SPDX-License-Identifier: GPL-2.0
//! Builds the guest's initrd: our /init and rtmapctl, busybox, and the real kexec-tools with their
//! libraries.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{ensure, Context, Result};
use flate2::write::GzEncoder;
use flate2::Compression;

use crate::arch::Arch;
use crate::build::{given, tools_dir, Build};
use crate::images::cross;
use crate::images::programs::{self, Files};
use crate::images::Archive;

/// Builds the initrd if anything that goes into it has changed; says whether it did.
pub fn build(build: &Build, arch: &'static Arch) -> Result<bool> {
    fs::create_dir_all(build.guest_dir())?;
    let packages = PathBuf::from(given("GUEST_ROOT")?);
    let mut files = programs::find("kexec", &packages, arch)?;
    files.append(&mut programs::find("busybox", &packages, arch)?);
    let ours = compile(build, arch, &packages)?;
    files.insert("init".into(), ours.join("init"));
    files.insert("bin/rtmapctl".into(), ours.join("rtmapctl"));

    let initrd = build.initrd();
    if is_newer(&initrd, files.values())? {
        return Ok(false);
    }
    let archive = pack(&files)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&archive)?;
    // A run that is interrupted must not leave half an initrd that looks fresh.
    let unfinished = initrd.with_extension("unfinished");
    fs::write(&unfinished, gzip.finish()?)?;
    fs::rename(&unfinished, &initrd)?;
    Ok(true)
}

/// Compiles our programs. Returns the folder that they are in.
fn compile(build: &Build, arch: &Arch, packages: &Path) -> Result<PathBuf> {
    let target = build.guest_dir().join("target");
    let rust_target = arch.guest.rust_target;
    let linker_flags = rust_target.to_uppercase().replace('-', "_");
    let linker_flags = format!("CARGO_TARGET_{linker_flags}_RUSTFLAGS");
    let mut flags = "-C target-feature=+crt-static -C strip=symbols".to_string();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .current_dir(tools_dir())
        .args(["build", "--quiet", "--profile=guest", "--locked"])
        .args(["--package", "efi-rtmap-guest", "--bin", "init"])
        .args(["--package", "efi-rtmap-ctl", "--bin", "rtmapctl"])
        .args(["--target", rust_target, "--target-dir"])
        .arg(&target);
    if arch.guest.cross {
        ensure!(
            packages.exists(),
            "no packages of {} in {}: run `tools/prepare guest`, which needs apt",
            arch.name,
            packages.display()
        );
        flags += &cross::linker_flags(arch, packages)?;
        cross::build_standard_library(&mut cargo)?;
    }
    let status = cargo.env(linker_flags, flags).status().context("cargo")?;
    ensure!(
        status.success(),
        "cargo could not build the guest's programs"
    );
    Ok(target.join(rust_target).join("guest"))
}

fn is_newer<'a>(product: &Path, sources: impl Iterator<Item = &'a PathBuf>) -> Result<bool> {
    let Ok(built) = fs::metadata(product) else {
        return Ok(false);
    };
    let built = built.modified()?;
    for source in sources {
        if fs::metadata(source)?.modified()? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

fn pack(files: &Files) -> Result<Vec<u8>> {
    let mut directories = BTreeSet::from(["dev".to_string(), "proc".into(), "sys".into()]);
    for name in files.keys() {
        let parents = Path::new(name).ancestors().skip(1);
        directories.extend(parents.map(|parent| parent.to_string_lossy().into_owned()));
    }
    directories.remove("");

    let mut archive = Archive::new(Vec::new());
    for directory in &directories {
        archive.directory(directory)?;
    }
    archive.console("dev/console")?;
    for (name, path) in files {
        let content = fs::read(path).with_context(|| path.display().to_string())?;
        archive.file(name, &content)?;
    }
    Ok(archive.finish()?)
}
