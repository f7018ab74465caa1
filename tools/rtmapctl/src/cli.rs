// SPDX-License-Identifier: GPL-2.0
//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

/// Show and explain the EFI runtime map of this machine
///
/// The map is described in Documentation/admin-guide/efi-rtmap/ of the kernel. Some facts are for
/// root only: the handover table, and on x86-64 the regions. Without root, rtmapctl says what it
/// could not read.
///
/// Exit status: 0 if all is well; 1 if a file cannot be read or is no table, if tables differ, or
/// if `check` finds a reason against a kexec; 2 if this kernel does not own the map; 64 if the
/// command line is wrong.
#[derive(Parser)]
#[command(name = "rtmapctl", version, about)]
pub struct Cli {
    /// Read /sys and /proc below this directory, as captured from another machine
    #[arg(long, global = true, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Show the map, the state of SVAM, and the services
    Status {
        /// As JSON, whose fields are documented and stay
        #[arg(long)]
        json: bool,
    },
    /// Explain the rule that gave this map, and what would change it
    Explain,
    /// Explain why services are off, and what to do
    WhyOff,
    /// Explain messages of the kernel
    Messages {
        /// A whole line of the log, or words that an entry has; all entries if not given
        pattern: Option<String>,
    },
    /// Show the regions of firmware's memory
    Map {
        /// Draw physical and virtual addresses side by side into this file
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// Decode a handover table
    Table {
        /// A dump of a table, or - for standard input; this machine's table if not given
        file: Option<PathBuf>,
    },
    /// Compare two handover tables
    Diff {
        /// The dump of the older table, or - for standard input
        a: PathBuf,
        /// The dump of the newer table
        b: PathBuf,
    },
    /// Say what the next kernel will find after a kexec
    Check {
        /// The kernel that is to be loaded: its file is looked at too
        #[arg(long, value_name = "FILE")]
        image: Option<PathBuf>,
    },
    /// Listen to calls of firmware, and show how long they take
    Top {
        /// Listen that long
        #[arg(long, value_name = "N", default_value_t = 10)]
        seconds: u64,
    },
    /// Write facts for monitoring
    Export {
        #[command(subcommand)]
        format: Format,
    },
    /// Write a script that completes this command line in a shell
    Completions { shell: Shell },
    /// Write the manual pages into a directory
    Man {
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

#[derive(Subcommand)]
pub enum Format {
    /// The text format of Prometheus, as node_exporter's textfile collector reads it
    Prometheus {
        /// Write this file at once, not in parts; standard output if not given
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}
