// SPDX-License-Identifier: GPL-2.0
//! A machine of `tests/machines/`, laid out as /sys and /proc in a temporary directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use tempfile::TempDir;

use crate::table::Table;

const EFI: &str = "sys/firmware/efi";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    command_line: String,
    firmware_bits: u32,
    kexec_loaded: u32,
    #[serde(default)]
    regions: Vec<(u64, u64, u64, u32, String)>,
    rtmap: Option<BTreeMap<String, String>>,
    table: Option<Table>,
}

pub struct Machine {
    directory: TempDir,
}

impl Machine {
    pub fn named(name: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let machine = Self { directory };
        let facts =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/machines/{name}.toml"));
        let facts: Facts = toml::from_str(&fs::read_to_string(facts).unwrap()).unwrap();
        machine.lay_out(&facts);
        machine
    }

    fn lay_out(&self, facts: &Facts) {
        self.put("proc/cmdline", format!("{}\n", facts.command_line));
        self.put(
            &format!("{EFI}/fw_platform_size"),
            format!("{}\n", facts.firmware_bits),
        );
        self.put(
            "sys/kernel/kexec_loaded",
            format!("{}\n", facts.kexec_loaded),
        );
        for (number, (phys, virt, pages, ty, attribute)) in facts.regions.iter().enumerate() {
            let number = |file: &str, value: String| {
                self.put(&format!("{EFI}/runtime-map/{number}/{file}"), value + "\n");
            };
            number("phys_addr", format!("{phys:#x}"));
            number("virt_addr", format!("{virt:#x}"));
            number("num_pages", format!("{pages:#x}"));
            number("type", format!("{ty:#x}"));
            number("attribute", attribute.clone());
        }
        for (name, value) in facts.rtmap.iter().flatten() {
            self.put(&format!("{EFI}/rtmap/{name}"), format!("{value}\n"));
        }
        if let Some(table) = &facts.table {
            self.put(&format!("{EFI}/rtmap/table"), table.bytes());
        }
    }

    /// Writes a file of the machine.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn table(&self) -> Vec<u8> {
        fs::read(self.path(&format!("{EFI}/rtmap/table"))).unwrap()
    }

    /// Runs the program on this machine, and returns what it printed and its exit status.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut program = Command::new(env!("CARGO_BIN_EXE_rtmapctl"));
        program.arg("--root").arg(self.directory.path());
        Run::of(
            program.args(arguments).output().unwrap(),
            self.directory.path(),
        )
    }
}

/// The output of one run. The machine's directory is written as `ROOT`.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub printed: String,
    pub complaint: String,
    pub status: i32,
}

impl Run {
    fn of(output: Output, root: &Path) -> Self {
        let text = |bytes| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(root.to_str().unwrap(), "ROOT")
        };
        Self {
            printed: text(output.stdout),
            complaint: text(output.stderr),
            status: output.status.code().unwrap(),
        }
    }
}
