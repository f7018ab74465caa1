// SPDX-License-Identifier: GPL-2.0

//! Puts the overlay and the hooks of this repository into a Linux tree, and takes them out again.

mod check;
mod hooks;
mod overlay;
mod patch;
mod plan;
mod refusal;
mod state;
mod text;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::overlay::Overlay;
use crate::plan::Plan;
use crate::tree::Tree;

/// Put the EFI runtime map into a Linux tree. Applying again updates what has changed and
/// touches nothing else; a tree that does not fit is refused and left as it is.
#[derive(Parser)]
struct Cli {
    /// The efi-rtmap repository: overlay folders and hooks/
    #[arg(long, value_name = "REPO", default_value = ".")]
    overlay: PathBuf,

    /// Restore the tree byte for byte
    #[arg(long, group = "action")]
    revert: bool,

    /// Say of each file and each hook whether it is applied; fails unless all are
    #[arg(long, group = "action")]
    check: bool,

    /// Print the whole change as a unified diff and write nothing
    #[arg(long, group = "action")]
    patch: bool,

    /// A Linux source tree
    tree: PathBuf,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("graft: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let tree = Tree::open(&cli.tree)?;
    if cli.revert {
        let plan = Plan::new(&tree, &Overlay::default())?;
        plan.execute(&tree)?;
        println!("{}\n{}", tree.describe(), plan.summary());
        return Ok(ExitCode::SUCCESS);
    }

    let overlay = Overlay::load(&cli.overlay)?;
    if cli.check {
        let report = check::report(&tree, &overlay)?;
        print!("{report}");
        return Ok(if report.complete() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    if cli.patch {
        print!("{}", patch::render(&tree, &overlay)?);
    } else {
        let plan = Plan::new(&tree, &overlay)?;
        plan.execute(&tree)?;
        println!("{}\n{}", tree.describe(), plan.summary());
    }
    Ok(ExitCode::SUCCESS)
}
