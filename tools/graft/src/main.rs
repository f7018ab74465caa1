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

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{exit, ExitCode};

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

fn main() -> Result<ExitCode> {
    let (text, code) = run(&Cli::parse()).unwrap_or_else(|error| {
        eprintln!("graft: {error:#}");
        exit(1)
    });
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever pages through a patch may stop early.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code),
    }
}

/// What to print, and how to end.
fn run(cli: &Cli) -> Result<(String, ExitCode)> {
    let tree = Tree::open(&cli.tree)?;
    if cli.revert {
        return Ok((carry_out(&tree, &Overlay::default())?, ExitCode::SUCCESS));
    }
    let overlay = Overlay::load(&cli.overlay, tree.series())?;
    if cli.check {
        let report = check::report(&tree, &overlay)?;
        let code = if report.complete() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
        return Ok((report.to_string(), code));
    }
    let text = if cli.patch {
        patch::render(&tree, &overlay)?
    } else {
        carry_out(&tree, &overlay)?
    };
    Ok((text, ExitCode::SUCCESS))
}

fn carry_out(tree: &Tree, overlay: &Overlay) -> Result<String> {
    let plan = Plan::new(tree, overlay)?;
    plan.execute(tree)?;
    Ok(format!("{}\n{}\n", tree.describe(), plan.summary()))
}
