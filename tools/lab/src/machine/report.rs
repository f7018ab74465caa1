// SPDX-License-Identifier: GPL-2.0
//! Reads what a guest told on its serial port.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_guest::plan::Action;
use efi_rtmap_guest::report::{Event, Facts, Outcome, Timing};

use crate::words::Privilege;

/// Firmware writes to this port too, before the first kernel does.
const LINE_START: &str = "{\"event\":";

/// By generation; those that told nothing are missing.
#[derive(Clone, Debug, Default)]
pub struct Report(pub BTreeMap<usize, Told>);

#[derive(Clone, Debug, Default)]
pub struct Told {
    pub facts: Option<Facts>,
    pub actions: Vec<(Action, Outcome<String>)>,
    pub bench: BTreeMap<String, Timing>,
    pub log: Vec<String>,
    pub errors: Vec<String>,
    pub left: bool,
}

impl Told {
    /// The boot line: which map there is, of the `kind` that sysfs names, whose and why.
    pub fn boot_line(&self, kind: &str) -> Option<&str> {
        let start = match kind {
            "none" => "efi: rtmap: runtime services off: ".into(),
            kind => format!("efi: rtmap: {kind}, "),
        };
        let mut lines = self.log.iter().map(String::as_str);
        lines.find(|line| line.contains(&start))
    }

    /// The boot line of the kind that this kernel has.
    pub fn decision(&self) -> Option<&str> {
        self.boot_line(self.facts.as_ref()?.rtmap.as_ref()?.get("kind")?)
    }
}

impl Report {
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        Self::parse(&String::from_utf8_lossy(&bytes))
    }

    pub fn parse(text: &str) -> Result<Self> {
        let mut report = Self::default();
        for line in text.lines() {
            // A machine that was stopped may leave half a line, and only as the last one.
            match report.hear(line) {
                Err(error) if error.is_eof() => break,
                heard => heard.with_context(|| format!("report: {line}"))?,
            }
        }
        Ok(report)
    }

    /// Takes one line in.
    pub fn hear(&mut self, line: &str) -> serde_json::Result<()> {
        if let Some(start) = line.find(LINE_START) {
            self.add(serde_json::from_str(&line[start..])?);
        }
        Ok(())
    }

    pub fn facts(&self, generation: usize) -> Option<&Facts> {
        self.0.get(&generation)?.facts.as_ref()
    }

    /// Firmware's tables that `facts` do not have as the first kernel found them, with the CRC that
    /// they have there.
    pub fn changed_tables<'a>(
        &'a self,
        facts: &'a Facts,
    ) -> impl Iterator<Item = (&'a str, Option<u32>)> {
        let first = self.facts(0).and_then(|first| first.tables.as_ref().ok());
        let tables = facts.tables.as_ref().ok();
        first.into_iter().flatten().filter_map(move |(name, crc)| {
            let seen = tables.and_then(|tables| tables.get(name));
            (seen != Some(crc)).then_some((name.as_str(), seen.copied()))
        })
    }

    fn add(&mut self, event: Event) {
        match event {
            Event::Facts(facts) => {
                let generation = facts.generation;
                self.of(generation).facts = Some(*facts);
            }
            Event::Action {
                generation,
                action,
                outcome,
            } => self.of(generation).actions.push((action, outcome)),
            Event::Bench { generation, calls } => self.of(generation).bench = calls,
            Event::KernelLog { generation, lines } => self.of(generation).log = lines,
            Event::Leaving { generation } => self.of(generation).left = true,
            Event::Error {
                generation,
                message,
            } => self.of(generation).errors.push(message),
        }
    }

    fn of(&mut self, generation: usize) -> &mut Told {
        self.0.entry(generation).or_default()
    }
}

/// The privilege that firmware is called with. Only a kernel of ours tells, and has another than the
/// kernel's.
pub fn privilege(facts: &Facts) -> Privilege {
    let files = facts.rtmap.as_ref();
    match files.and_then(|files| files.get("privilege")) {
        Some(word) if word == "user" => Privilege::User,
        _ => Privilege::Kernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_may_write_before_the_report() {
        let text = "\u{1b}[2J\u{1b}[01;01H{\"event\":\"leaving\",\"generation\":3}\n";
        assert!(Report::parse(text).unwrap().0[&3].left);
    }

    #[test]
    fn a_stopped_machine_leaves_half_a_line() {
        let text = "{\"event\":\"leaving\",\"generation\":0}\n{\"event\":\"leav";
        assert_eq!(Report::parse(text).unwrap().0.len(), 1);
    }

    #[test]
    fn a_line_that_is_not_the_guests_is_an_error() {
        let error = Report::parse("{\"event\":\"leaving\",\"generation\":\"x\"}\n").unwrap_err();
        assert!(format!("{error:#}").contains("\"x\""), "{error:#}");
    }
}
