// SPDX-License-Identifier: GPL-2.0
//! Follows what a machine tells, and judges each generation as soon as it has gone.

use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use efi_rtmap_orders::Event;

use super::steady::Steady;
use crate::judge::{self, Finding, Observed};
use crate::machine::firmware_log;
use crate::machine::report::Report;
use crate::machine::tail::Tail;
use crate::machine::{End, Lab, CONSOLE, FIRMWARE_LOG, REPORT};
use crate::scenario::Scenario;

/// A generation that tells nothing for so long never will.
const SILENCE_S: u32 = 120;

pub struct Watch<'a> {
    lab: &'a Lab,
    scenario: &'a Scenario,
    tails: [Tail; 3],
    pub report: Report,
    console: String,
    /// The messages of the driver in firmware.
    pub events: Vec<Event>,
    started: SystemTime,
    /// When something was heard last.
    news: Instant,
    /// How many generations were as they should be.
    pub good: usize,
    pub steady: Steady,
    /// About the first that was not.
    findings: Vec<Finding>,
}

impl<'a> Watch<'a> {
    pub fn new(lab: &'a Lab, scenario: &'a Scenario) -> Self {
        let logs = lab.build.logs(&scenario.name);
        Self {
            lab,
            scenario,
            tails: [REPORT, CONSOLE, FIRMWARE_LOG].map(|name| Tail::new(logs.join(name))),
            report: Report::default(),
            console: String::new(),
            events: Vec::new(),
            started: SystemTime::now(),
            news: Instant::now(),
            good: 0,
            steady: Steady::default(),
            findings: Vec::new(),
        }
    }

    /// Judges those that have gone since the last time. Some: why to stop the machine.
    pub fn look(&mut self) -> Result<Option<String>> {
        self.listen()?;
        while self.findings.is_empty() && self.has_gone(self.good) {
            self.judge();
        }
        let limit = self.lab.time(SILENCE_S);
        Ok(if !self.findings.is_empty() {
            Some("stopped at what is not as it should be".into())
        } else if self.news.elapsed() > limit {
            Some(format!("nothing new within {} s", limit.as_secs()))
        } else {
            None
        })
    }

    /// The findings once the machine has ended: of the first generation that has any.
    pub fn finish(&mut self, end: &End) -> Result<&[Finding]> {
        self.look()?;
        if self.findings.is_empty() {
            if self.good < self.scenario.kernel.len() {
                self.judge();
            }
            self.findings.extend(judge::end(end));
        }
        Ok(&self.findings)
    }

    fn listen(&mut self) -> Result<()> {
        let [report, console, firmware] = &mut self.tails;
        // The report last: what belongs to a generation that it says has gone is there by then.
        let (told, printed, report) = (firmware.lines()?, console.lines()?, report.lines()?);
        if !report.is_empty() {
            self.news = Instant::now();
        }
        self.console += &printed;
        self.events.extend(firmware_log::parse(&told)?);
        for line in report.lines() {
            let heard = self.report.hear(line);
            heard.with_context(|| format!("report: {line}"))?;
        }
        Ok(())
    }

    fn has_gone(&self, k: usize) -> bool {
        self.report.0.get(&k).is_some_and(|told| told.left)
    }

    fn judge(&mut self) {
        let k = self.good;
        let observed = Observed {
            arch: self.lab.arch,
            report: &self.report,
            console: &self.console,
            end: &End::Exited,
            started: self.started,
            ended: SystemTime::now(),
            twin: None,
            firmware: Some(&self.events),
        };
        self.findings = judge::generation(self.scenario, &observed, k);
        self.findings.extend(judge::chain(self.scenario, &observed));
        if let Some(facts) = self.report.facts(k) {
            let step = &self.scenario.kernel[k];
            self.findings.extend(self.steady.compare(k, step, facts));
        }
        if self.findings.is_empty() {
            self.good += 1;
        }
    }
}

#[cfg(test)]
mod tests;
