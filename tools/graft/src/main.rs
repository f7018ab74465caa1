// SPDX-License-Identifier: GPL-2.0

//! Puts the patch series of this repository into a Linux tree, takes it out again, or writes it as
//! mails.

mod check;
mod edit;
mod mail;
mod overlay;
mod plan;
mod record;
mod refusal;
mod results;
mod series;
mod tree;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{exit, ExitCode};

use anyhow::{ensure, Result};
use clap::Parser;

use crate::check::Report;
use crate::overlay::Patch;
use crate::plan::Plan;
use crate::tree::Tree;

/// Put the EFI runtime map into a Linux tree. Applying again updates what has changed and
/// touches nothing else; a tree that does not fit is refused and left as it is.
#[derive(Parser)]
struct Cli {
    /// The efi-rtmap repository: overlay folders and series/
    #[arg(long, value_name = "REPO", default_value = ".")]
    overlay: PathBuf,

    /// Restore the tree byte for byte
    #[arg(long, group = "action")]
    revert: bool,

    /// Say of each file whether it is applied; fails unless all are
    #[arg(long, group = "action")]
    check: bool,

    /// Write the series as mails to this folder, and nothing to the tree
    #[arg(long, value_name = "FOLDER", group = "action")]
    mail: Option<PathBuf>,

    /// Only the first COUNT patches
    #[arg(long, value_name = "COUNT", conflicts_with = "revert")]
    first: Option<usize>,

    /// A Linux source tree
    tree: PathBuf,
}

fn main() -> Result<ExitCode> {
    let (text, code) = run(&Cli::parse()).unwrap_or_else(|error| {
        eprintln!("graft: {error:#}");
        exit(1)
    });
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever looks for one line may stop early.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code),
    }
}

/// Returns the text to print, and the exit code.
fn run(cli: &Cli) -> Result<(String, ExitCode)> {
    let tree = Tree::open(&cli.tree)?;
    if cli.revert {
        return Ok((carry_out(&tree, &[])?, ExitCode::SUCCESS));
    }
    let mut patches = overlay::load(&cli.overlay, tree.version())?;
    if let Some(count) = cli.first {
        let there = patches.len();
        ensure!(
            count <= there,
            "--first {count}: the series has {there} patches"
        );
        patches.truncate(count);
    }
    if cli.check {
        let plan = Plan::examine(&tree, &patches)?;
        let report = Report(&plan);
        let complete = report.is_complete();
        let code = if complete {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
        return Ok((format!("{}\n{report}", tree.describe()), code));
    }
    let text = match &cli.mail {
        Some(out) => {
            let cover = series::cover_letter(&cli.overlay)?;
            mail::write(&cli.overlay, &tree, &patches, &cover, out)?;
            let (out, count) = (out.display(), patches.len());
            format!("{out}: {count} patches and a cover letter\n")
        }
        None => carry_out(&tree, &patches)?,
    };
    Ok((text, ExitCode::SUCCESS))
}

fn carry_out(tree: &Tree, patches: &[Patch]) -> Result<String> {
    let plan = Plan::new(tree, patches)?;
    plan.execute(tree)?;
    Ok(format!("{}\n{}\n", tree.describe(), plan.summary()))
}
