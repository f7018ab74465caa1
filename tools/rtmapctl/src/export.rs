// SPDX-License-Identifier: GPL-2.0
//! `rtmapctl export prometheus`: facts in the text format 0.0.4, and the file that has them.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process;

use anyhow::{Context, Result};
use efi_rtmap_plan::words;

use crate::facts::Facts;

/// The text of one metric: the lines about it, and its samples.
fn metric(name: &str, kind: &str, help: &str, samples: &[(String, u64)]) -> String {
    let mut text = format!("# HELP efi_rtmap_{name} {help}\n# TYPE efi_rtmap_{name} {kind}\n");
    for (labels, value) in samples {
        text += &format!("efi_rtmap_{name}{labels} {value}\n");
    }
    text
}

/// The metrics of a kernel without the runtime map.
pub fn absent() -> String {
    present_metric(0)
}

pub fn prometheus(facts: &Facts) -> String {
    let gauge = |name, help, value: u64| metric(name, "gauge", help, &[(String::new(), value)]);
    let mut text = present_metric(1);
    let labels = [
        ("kind", facts.kind),
        ("origin", facts.origin),
        ("svam", facts.svam),
        ("requested", facts.requested),
        ("privilege", facts.privilege),
    ];
    let labels = labels.map(|(name, value)| format!("{name}=\"{value}\""));
    let info = (format!("{{{}}}", labels.join(",")), 1);
    text += &metric("info", "gauge", "The map, in labels.", &[info]);
    if let Some(generation) = facts.generation {
        let help = "Number of this kernel in its chain, 0 for the one that firmware started.";
        text += &gauge("generation", help, generation.into());
        // Without a table nobody can count.
        if facts.origin != "legacy" {
            let help = "Kexecs since firmware was started, without those to stock kernels.";
            text += &gauge("kexecs", help, generation.into());
        }
    }
    text += &gauge(
        "faulted",
        "Firmware is known to have failed.",
        facts.faulted.into(),
    );
    let services: Vec<_> = words::services()
        .map(|name| {
            (
                format!("{{service=\"{name}\"}}"),
                facts.on.contains(&name).into(),
            )
        })
        .collect();
    text += &metric(
        "service_on",
        "gauge",
        "The kernel calls this service.",
        &services,
    );
    text += &gauge("regions", "Runtime regions that are mapped.", facts.regions);
    text += &gauge(
        "wx_pages",
        "Pages that are writable and executable at once.",
        facts.wx_pages,
    );
    if let Some(table) = facts.table.value() {
        let help = "Calls of firmware since it was started, by all kernels.";
        text += &metric(
            "calls_total",
            "counter",
            help,
            &[(String::new(), table.calls.into())],
        );
        let help = "A call of firmware is in progress.";
        text += &gauge("call_in_progress", help, table.in_progress.is_some().into());
    }
    text
}

fn present_metric(value: u64) -> String {
    let help = "This kernel owns the runtime map.";
    metric("present", "gauge", help, &[(String::new(), value)])
}

/// Replaces `file` in one step, so that nobody reads a part of the text.
pub fn write(file: &Path, text: &str) -> Result<()> {
    let name = file.file_name();
    let name = name.with_context(|| format!("{}: give the name of a file", file.display()))?;
    // The collector reads only names that end with `.prom`.
    let new = file.with_file_name(format!(".{}.{}", name.to_string_lossy(), process::id()));
    let written = File::create(&new)
        .and_then(|mut target| {
            target.write_all(text.as_bytes())?;
            target.sync_all()
        })
        .with_context(|| new.display().to_string())
        .and_then(|()| {
            fs::rename(&new, file).with_context(|| format!("cannot rename to {}", file.display()))
        });
    if written.is_err() {
        // The first error counts.
        let _ = fs::remove_file(&new);
    }
    written
}
