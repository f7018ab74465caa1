// SPDX-License-Identifier: GPL-2.0
//! The files that a machine gets besides its firmware: kernels, initrd and others, in memory that it
//! shares with us, and the chain that it is to go through.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_guest::plan::{Action, Generation, Loader, Plan, Span};
use efi_rtmap_guest::plan::{CHAIN, GENERATION_PARAMETER};

use super::{initrd, Lab};
use crate::arch::Arch;
use crate::build::tools_dir;
use crate::scenario::{Image, Scenario, Step};

const PAGE: u64 = 4096;

impl Lab {
    /// Puts the files that the chain needs into memory shared with the machine.
    pub(super) fn share(&self, scenario: &Scenario, logs: &Path) -> Result<Plan> {
        let mut shared = Shared {
            file: File::create(logs.join("shared"))?,
            plan: Plan {
                files: Default::default(),
                announce: scenario.is_hostile(),
                soak: scenario.soak,
            },
        };
        let mut chain = Vec::new();
        for (k, step) in scenario.kernel.iter().enumerate() {
            let kernel = step.image.to_string();
            let initrd = initrd::name(step.image);
            shared.add(&initrd, &self.initrd(scenario, step.image, logs)?)?;
            shared.add(&kernel, &self.build.kernel(step.image)?)?;
            let mut then = step.then.clone();
            for action in &mut then {
                self.share_for(action, &mut shared)?;
            }
            chain.push(Generation {
                kernel,
                initrd,
                loader: step.loader.unwrap_or(Loader::KexecLoad),
                command_line: self.command_line(k, step),
                then,
            });
        }
        shared.put(CHAIN, &serde_json::to_vec(&chain)?)?;
        shared.finish()
    }

    pub(super) fn command_line(&self, generation: usize, step: &Step) -> String {
        let Arch {
            console,
            parameters,
            ..
        } = self.arch;
        let options = &step.options;
        format!(
            "console={console} panic=-1 {parameters} {GENERATION_PARAMETER}{generation} {options}"
        )
    }

    /// Shares the file that an action names by its path, and renames it to what the guest sees.
    fn share_for(&self, action: &mut Action, shared: &mut Shared) -> Result<()> {
        let (name, root) = match action {
            Action::Insmod(name) => (name, self.build.kernel_dir(Image::Rtmap)),
            Action::Script(words) => (
                words.first_mut().context("script: no name")?,
                tools_dir().join(".."),
            ),
            _ => return Ok(()),
        };
        let path = root.join(&*name);
        let base = path.file_name().unwrap_or_default();
        *name = base.to_string_lossy().into_owned();
        shared.add(name, &path)
    }
}

struct Shared {
    file: File,
    plan: Plan,
}

impl Shared {
    fn add(&mut self, name: &str, path: &Path) -> Result<()> {
        if self.plan.files.contains_key(name) {
            return Ok(());
        }
        let content = fs::read(path).with_context(|| path.display().to_string())?;
        self.put(name, &content)
    }

    fn put(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let end = self.file.stream_position()?;
        let offset = end.next_multiple_of(PAGE);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(content)?;
        let size = content.len() as u64;
        self.plan.files.insert(name.into(), Span { offset, size });
        Ok(())
    }

    /// A PCI region's size is a power of two.
    fn finish(mut self) -> Result<Plan> {
        let size = self.file.stream_position()?.next_power_of_two();
        self.file.set_len(size)?;
        Ok(self.plan)
    }
}
