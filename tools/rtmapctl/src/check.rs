// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl check`: the state that the next kernel will find, before a kexec.

use std::path::Path;

use anyhow::{bail, Result};

use crate::facts::Facts;
use crate::image::{Image, Kind};
use crate::machine::{Found, Machine};
use crate::paint::Paint;

const LOADED: &str = "sys/kernel/kexec_loaded";

/// The weight of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Weight {
    Good,
    /// Good to know.
    Note,
    /// A reason against the kexec.
    Bad,
}

struct Finding(Weight, String);

/// Returns the text, and tells if there is a reason against a kexec.
pub fn text(
    machine: &Machine,
    facts: &Facts,
    image: Option<&Path>,
    paint: Paint,
) -> Result<(String, bool)> {
    // Firmware of 32 bits cannot return to a kernel above 4 GiB, unless it runs in user mode.
    let must_be_low = facts.narrow && facts.privilege == "kernel";
    let mut findings = vec![loaded(machine)?, call(facts), next(facts)];
    findings.extend(notes(facts));
    findings.push(place(must_be_low));
    if let Some(path) = image {
        findings.extend(look_at(path, &Image::read(path)?, must_be_low));
    }
    let bad = findings
        .iter()
        .any(|Finding(weight, _)| *weight == Weight::Bad);
    let lines = findings.iter().map(|Finding(weight, text)| {
        let sign = match weight {
            Weight::Good => paint.good("ok  "),
            Weight::Note => paint.doubtful("note"),
            Weight::Bad => paint.bad("stop"),
        };
        format!("{sign}  {}\n", wrapped(text))
    });
    Ok((lines.collect(), bad))
}

/// The text in lines of up to 74 characters, below each other.
fn wrapped(text: &str) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let width = word.chars().count();
        if length != 0 && length + width >= 74 {
            lines += "\n      ";
            length = 0;
        }
        if length != 0 {
            lines.push(' ');
        }
        lines += word;
        length += width + 1;
    }
    lines
}

fn loaded(machine: &Machine) -> Result<Finding> {
    let unseen = "the kernel does not tell which one, so this program cannot see the image";
    Ok(match machine.line(LOADED)?.value().map(String::as_str) {
        Some("1") => Finding(Weight::Note, format!("a kernel is loaded; {unseen}")),
        Some("0") => Finding(
            Weight::Note,
            format!("no kernel is loaded yet; once one is, {unseen}"),
        ),
        Some(other) => bail!(
            "{}: {other:?} is neither 0 nor 1",
            machine.path(LOADED).display()
        ),
        None => Finding(
            Weight::Bad,
            format!("there is no /{LOADED}: this kernel was built without kexec"),
        ),
    })
}

fn call(facts: &Facts) -> Finding {
    match &facts.table {
        Found::Value(table) => match &table.in_progress {
            None => Finding(Weight::Good, "no call of firmware is in progress".into()),
            Some(service) => Finding(
                Weight::Bad,
                format!(
                    "firmware is in a call of {service}: kexec waits for it, but a crash now would \
                     leave the services off; look again in a second"
                ),
            ),
        },
        Found::Forbidden => Finding(
            Weight::Note,
            "only root can see if a call of firmware is in progress".into(),
        ),
        Found::Missing => Finding(
            Weight::Note,
            "without a handover table, nobody can see if a call of firmware is in progress".into(),
        ),
    }
}

/// The map that a successor with the runtime map will have.
fn next(facts: &Facts) -> Finding {
    if facts.kind == "none" {
        let reason = &facts.reason;
        let text = format!("the next kernel will have no runtime services either: {reason}");
        return Finding(Weight::Bad, text);
    }
    if facts.faulted && facts.on.is_empty() {
        return Finding(
            Weight::Bad,
            "firmware has failed: the next kernel will have no runtime services, unless it is given \
             efi=rtmap:retry; restart the machine instead"
                .into(),
        );
    }
    let kind = facts.kind;
    let generation = facts
        .generation
        .map_or(1, |generation| generation.saturating_add(1));
    let text = match facts.table {
        Found::Missing => format!(
            "there is no handover table: the next kernel will infer the map, {kind} in this one, from \
             the memory map (origin legacy)"
        ),
        Found::Value(_) | Found::Forbidden => format!(
            "the next kernel will find a map of the kind {kind} in the handover table, and be \
             generation {generation}"
        ),
    };
    Finding(Weight::Good, text)
}

fn notes(facts: &Facts) -> Vec<Finding> {
    let mut notes = Vec::new();
    if facts.faulted && !facts.on.is_empty() {
        notes.push(
            "firmware has failed in user mode: the next kernel will call it in user mode only, \
             without the services that are off here",
        );
    }
    if !facts.on.is_empty() {
        notes.push(match facts.narrow {
            false => "a stock kernel will use the same addresses",
            true => "a stock kernel has no services of 32-bit firmware after kexec",
        });
    }
    let note = |text: &str| Finding(Weight::Note, text.into());
    notes.into_iter().map(note).collect()
}

fn place(must_be_low: bool) -> Finding {
    match must_be_low {
        true => Finding(
            Weight::Note,
            "firmware is 32-bit: the image must lie below 4 GiB; `kexec -s` places it there, and \
             `kexec -c` with --mem-max=0xffffffff"
                .into(),
        ),
        false => Finding(Weight::Good, "the image may lie anywhere".into()),
    }
}

fn look_at(path: &Path, image: &Image, must_be_low: bool) -> Vec<Finding> {
    let name = path.display();
    let mut findings = vec![Finding(Weight::Note, format!("{name}: {image}"))];
    match image.kind {
        Kind::Bzimage {
            long_mode: false, ..
        } => findings.push(Finding(
            Weight::Bad,
            format!("{name}: a kernel of 32 bits has no runtime map"),
        )),
        Kind::Bzimage { above_4g: true, .. } if must_be_low => findings.push(Finding(
            Weight::Note,
            format!("{name}: it could be loaded above 4 GiB, so its place depends on the loader"),
        )),
        Kind::Bzimage { .. } | Kind::Arm64 { .. } | Kind::Compressed => (),
    }
    findings.push(Finding(
        Weight::Note,
        format!("{name}: an image does not show whether it was built with CONFIG_EFI_RTMAP"),
    ));
    findings
}
