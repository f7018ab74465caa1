// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl table` and `rtmapctl diff`: handover tables as text.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{bail, Context, Result};
use efi_rtmap_plan::dump::{Dump, Message, Written};
use efi_rtmap_plan::words;

use crate::facts::TABLE;
use crate::machine::{Found, Machine};
use crate::paint::Paint;

/// Reads a dump, standard input or, without a file, the table of the machine.
pub fn read(machine: &Machine, file: Option<&Path>) -> Result<Dump> {
    let (name, bytes) = match file {
        Some(file) if file == Path::new("-") => {
            let mut bytes = Vec::new();
            io::stdin()
                .read_to_end(&mut bytes)
                .context("standard input")?;
            ("standard input".into(), bytes)
        }
        Some(file) => {
            let name = file.display().to_string();
            let bytes = fs::read(file).with_context(|| name.clone())?;
            (name, bytes)
        }
        None => {
            let name = machine.path(TABLE).display().to_string();
            match machine.bytes(TABLE)? {
                Found::Value(bytes) => (name, bytes),
                Found::Forbidden => bail!("{name}: permission denied: only root may read it"),
                Found::Missing => bail!(
                    "{name}: there is none: the first kernel of the chain has made no table, or the \
                     services are off"
                ),
            }
        }
    };
    let dump = Dump::read(&bytes).map_err(|refusal| anyhow::anyhow!("{name}: {refusal}"))?;
    if let Err(refusal) = dump.message() {
        bail!("{name}: {refusal}");
    }
    Ok(dump)
}

pub fn text(dump: &Dump, paint: Paint) -> String {
    let mut text = String::new();
    for (name, value) in header(dump) {
        text += &format!("{} {value}\n", paint.heading(&format!("{name:<18}")));
    }
    for (number, slot) in dump.slots.iter().enumerate() {
        let counts = match dump.current == Some(number) {
            true => ", which counts",
            false => "",
        };
        text += &format!("\n{}\n", paint.heading(&format!("slot {number}{counts}")));
        match slot {
            Written::Never => text += "never written\n",
            Written::Damaged(refusal) => text += &format!("{}\n", paint.bad(&refusal.to_string())),
            Written::Whole(message) => text += &slot_text(message),
        }
    }
    text
}

/// The differences between two tables. Each line has the older value and the newer one.
pub fn difference(a: &Dump, b: &Dump, paint: Paint) -> String {
    let mut text = String::new();
    let mut compare = |name: &str, old: Option<&String>, new: Option<&String>| {
        if old != new {
            let [old, new] = [old, new].map(|value| value.map_or("none", String::as_str));
            text += &format!("{:<18} {} -> {}\n", name, paint.bad(old), paint.good(new));
        }
    };
    for ((name, old), (_, new)) in header(a).iter().zip(&header(b)) {
        compare(name, Some(old), Some(new));
    }
    let [old, new] = [a, b].map(|dump| dump.message().ok().flatten());
    let [old_facts, new_facts] = [old, new].map(|message| message.map(facts).unwrap_or_default());
    for (index, name) in FACTS.iter().enumerate() {
        compare(name, old_facts.get(index), new_facts.get(index));
    }
    let [old, new] = [old, new].map(|message| message.map(entries).unwrap_or_default());
    for entry in old.iter().filter(|entry| !new.contains(entry)) {
        text += &format!("{}\n", paint.bad(&format!("- {entry}")));
    }
    for entry in new.iter().filter(|entry| !old.contains(entry)) {
        text += &format!("{}\n", paint.good(&format!("+ {entry}")));
    }
    text
}

fn header(dump: &Dump) -> Vec<(&'static str, String)> {
    let call = |call: &Option<String>| call.clone().unwrap_or("none".into());
    let nonce = |[low, high]: [u64; 2]| format!("{low:016x} {high:016x}");
    let stub = dump.stub.as_ref().map(|stub| {
        let kind = stub.kind.unwrap_or("no kind fits");
        match stub.status {
            Some(status) => format!("{kind}, SVAM {} with status {status:#x}", stub.svam),
            None => format!("{kind}, SVAM {}", stub.svam),
        }
    });
    let allowed: Vec<_> = dump
        .allowed
        .iter()
        .map(|word| format!("{word:#x}"))
        .collect();
    vec![
        ("size", dump.size.to_string()),
        ("used", if dump.used { "yes" } else { "no" }.into()),
        ("calls", dump.calls.to_string()),
        ("call in progress", call(&dump.in_progress)),
        ("failed call", call(&dump.faulted)),
        (
            "supported",
            dump.supported
                .as_ref()
                .map_or("not recorded".into(), |list| list_of(list)),
        ),
        ("off, no code", list_of(&dump.services_off)),
        ("off, user mode", list_of(&dump.failed)),
        (
            "user privileges",
            if allowed.is_empty() {
                "none".into()
            } else {
                allowed.join(" ")
            },
        ),
        ("kernels passed", dump.passed.to_string()),
        ("life", dump.nonce.map_or("not recorded".into(), nonce)),
        (
            "stub's decision",
            stub.unwrap_or("none: the kernel decides".into()),
        ),
    ]
}

const FACTS: [&str; 8] = [
    "sequence",
    "generation",
    "kind",
    "SVAM",
    "W+X",
    "control flow",
    "system table",
    "services table",
];

/// The values of [`FACTS`].
fn facts(message: &Message) -> Vec<String> {
    let svam = match message.svam_generation {
        Some(generation) => format!("{}, by generation {generation}", message.svam),
        None => message.svam.into(),
    };
    let allowed = |yes| if yes { "allowed" } else { "not allowed" }.to_string();
    vec![
        message.sequence.to_string(),
        message.generation.to_string(),
        message.kind.into(),
        svam,
        allowed(message.writable_code),
        if message.forward_cfg {
            "guarded"
        } else {
            "not guarded"
        }
        .into(),
        format!(
            "{:#x}, firmware revision {:#x}",
            message.systab, message.revision
        ),
        format!("{:#x}", message.runtime),
    ]
}

fn slot_text(message: &Message) -> String {
    let mut text = String::new();
    for (name, value) in FACTS.iter().zip(facts(message)) {
        text += &format!("{name:<18} {value}\n");
    }
    for entry in entries(message) {
        text += &format!("  {entry}\n");
    }
    text
}

fn entries(message: &Message) -> Vec<String> {
    let line = |entry: &efi_rtmap_plan::dump::Entry| {
        format!(
            "{:#014x} at {:#018x}  {:>6} pages  {}  {}",
            entry.phys,
            entry.virt,
            entry.pages,
            entry.rights,
            words::memory(entry.ty)
        )
    };
    message.entries.iter().map(line).collect()
}

fn list_of(names: &[&str]) -> String {
    match names {
        [] => "none".into(),
        names => names.join(" "),
    }
}
