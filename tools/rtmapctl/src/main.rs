// SPDX-License-Identifier: GPL-2.0
//! Shows and explains the EFI runtime map of this machine, or of one whose /sys was captured.

#![forbid(unsafe_code)]

mod check;
mod cli;
mod explain;
mod export;
mod facts;
mod image;
mod json;
mod machine;
mod manual;
mod map;
mod messages;
mod page;
mod paint;
mod status;
mod table;
mod top;
mod why_off;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Command, Format};
use facts::Facts;
use machine::{Absent, Machine};
use paint::Paint;

/// Exit statuses. 0 is success.
const FAILED: u8 = 1;
const ABSENT: u8 = 2;
const USAGE: u8 = 64;

/// The text for standard output, and the exit status.
struct Answer {
    text: String,
    status: u8,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, status: 0 }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let status = if error.use_stderr() { USAGE } else { 0 };
            return match error.print() {
                Ok(()) => ExitCode::from(status),
                Err(_) => ExitCode::from(FAILED),
            };
        }
    };
    let machine = Machine::at(&cli.root);
    match answer(cli.command, &machine).and_then(print) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("rtmapctl: {error:#}");
            let absent = error.downcast_ref::<Absent>().is_some();
            ExitCode::from(if absent { ABSENT } else { FAILED })
        }
    }
}

fn answer(command: Command, machine: &Machine) -> Result<Answer> {
    let paint = Paint::of_output();
    let present = || -> Result<()> {
        match machine.absent()? {
            Some(absent) => Err(absent.into()),
            None => Ok(()),
        }
    };
    let facts = || present().and_then(|()| Facts::read(machine));
    Ok(match command {
        Command::Status { json: false } => status::text(&facts()?, paint).into(),
        Command::Status { json: true } => match machine.absent()? {
            Some(absent) => Answer {
                text: json::absent(absent)?,
                status: ABSENT,
            },
            None => json::present(&facts()?)?.into(),
        },
        Command::Explain => explain::text(&facts()?, paint).into(),
        Command::WhyOff => why_off::text(&facts()?, paint).into(),
        Command::Messages { pattern } => messages::show(pattern.as_deref(), paint)?.into(),
        Command::Map { svg } => map(machine, &facts()?, svg.as_deref(), paint)?.into(),
        Command::Table { file } => {
            if file.is_none() {
                present()?;
            }
            table::text(&table::read(machine, file.as_deref())?, paint).into()
        }
        Command::Diff { a, b } => {
            let [a, b] = [a, b].map(|file| table::read(machine, Some(&file)));
            let text = table::difference(&a?, &b?, paint);
            let status = if text.is_empty() { 0 } else { FAILED };
            Answer { text, status }
        }
        Command::Check { image } => {
            let (text, bad) = check::text(machine, &facts()?, image.as_deref(), paint)?;
            let status = if bad { FAILED } else { 0 };
            Answer { text, status }
        }
        Command::Top { seconds } => {
            present()?;
            top::text(machine, seconds, paint)?.into()
        }
        Command::Export {
            format: Format::Prometheus { output },
        } => export(machine, output.as_deref())?,
        Command::Completions { shell } => manual::completions(shell).into(),
        Command::Man { directory } => {
            manual::write(&directory)?;
            String::new().into()
        }
    })
}

fn map(machine: &Machine, facts: &Facts, svg: Option<&Path>, paint: Paint) -> Result<String> {
    let regions = map::read(machine, facts)?;
    if let Some(file) = svg {
        let picture = efi_rtmap_picture::document(&regions);
        fs::write(file, picture).with_context(|| file.display().to_string())?;
    }
    Ok(map::text(&regions, paint))
}

/// A kernel without the map has one metric, so that an old file does not stay.
fn export(machine: &Machine, output: Option<&Path>) -> Result<Answer> {
    let (text, status) = match machine.absent()? {
        Some(_) => (export::absent(), ABSENT),
        None => (export::prometheus(&Facts::read(machine)?), 0),
    };
    let text = match output {
        None => text,
        Some(file) => {
            export::write(file, &text)?;
            String::new()
        }
    };
    Ok(Answer { text, status })
}

/// Writes the text. A reader that has seen enough, as `head` does, is no failure.
fn print(answer: Answer) -> Result<u8> {
    match io::stdout().write_all(answer.text.as_bytes()) {
        Ok(()) => Ok(answer.status),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(answer.status),
        Err(error) => Err(error).context("standard output"),
    }
}
