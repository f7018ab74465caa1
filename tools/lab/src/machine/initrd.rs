// SPDX-License-Identifier: GPL-2.0
//! The initrd of each kernel: the guest's, with the scenario's ballast and this kernel's modules.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use efi_rtmap_guest::plan::{BALLAST, MODULES};
use flate2::read::GzDecoder;

use super::Lab;
use crate::images::Archive;
use crate::scenario::{Image, Scenario};

impl Lab {
    /// Returns the initrd for `image`, which is made in `logs` if something is added.
    pub(super) fn initrd(&self, scenario: &Scenario, image: Image, logs: &Path) -> Result<PathBuf> {
        let plain = self.build.initrd();
        let modules = self.build.modules(image)?;
        if scenario.ballast_mib == 0 && modules.is_empty() {
            return Ok(plain);
        }
        let path = logs.join(name(image));
        if path.exists() {
            return Ok(path);
        }
        let mut out = File::create(&path)?;
        // The ballast first and uncompressed: what spoils memory shall hit it, not our tools.
        let mut archive = Archive::new(&mut out);
        if scenario.ballast_mib > 0 {
            archive.file(inside(BALLAST), &ballast(scenario.ballast_mib))?;
        }
        add_modules(&mut archive, &modules)?;
        archive.finish()?;
        let packed = File::open(&plain).with_context(|| plain.display().to_string())?;
        std::io::copy(&mut GzDecoder::new(packed), &mut out)?;
        Ok(path)
    }
}

/// The name of the initrd of `image`. Kernels without modules share one.
pub fn name(image: Image) -> String {
    match image.is_debian() {
        true => format!("initrd-{image}"),
        false => "initrd".into(),
    }
}

fn add_modules(archive: &mut Archive<&mut File>, modules: &[PathBuf]) -> Result<()> {
    if modules.is_empty() {
        return Ok(());
    }
    let folder = inside(MODULES);
    archive.directory(folder)?;
    for path in modules {
        let content = fs::read(path).with_context(|| path.display().to_string())?;
        let base = path.file_name().unwrap_or_default().to_string_lossy();
        archive.file(&format!("{folder}/{base}"), &content)?;
    }
    Ok(())
}

fn inside(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// Bytes that differ from place to place and are never zero.
pub fn ballast(mebibytes: u32) -> Vec<u8> {
    let mut state = 1u32;
    (0..u64::from(mebibytes) << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 | 1
        })
        .collect()
}
