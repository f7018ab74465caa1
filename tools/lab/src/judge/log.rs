// SPDX-License-Identifier: GPL-2.0
//! The lines of the kernel and of the actions.

use super::Judge;
use crate::machine::console;

/// Words of kernel log lines that mean trouble, whatever the scenario.
const COMPLAINTS: &[&str] = &[
    "WARNING:",
    "BUG:",
    "UBSAN:",
    "Oops",
    "Call Trace",
    "Firmware Bug",
    "Kernel panic",
    "general protection fault",
    "not ok ",
];

/// Found in lines that repeat the command line: what the scenario asked for, not an answer.
const COMMAND_LINE: &str = "ommand line: ";

/// The line means trouble, unless somebody expected it.
pub fn complains(line: &str) -> bool {
    COMPLAINTS.iter().any(|word| line.contains(word))
}

impl Judge<'_> {
    pub(super) fn log(&mut self) {
        let told = self.told;
        let expect = &self.step.expect;
        let said = told.log.iter().filter(|line| !line.contains(COMMAND_LINE));
        for part in &expect.log {
            let there = said.clone().any(|line| line.contains(part));
            self.expect(there, || format!("{part:?} in the log"), "no such line");
        }
        for part in &expect.log_once {
            let count = said.clone().filter(|line| line.contains(part)).count();
            self.expect(
                count == 1,
                || format!("{part:?} once in the log"),
                format!("{count} times"),
            );
        }
        for part in &expect.no_log {
            if let Some(line) = said.clone().find(|line| line.contains(part)) {
                self.find(format!("no {part:?} in the log"), line);
            }
        }
        for part in &expect.printed {
            let mut printed = told
                .actions
                .iter()
                .filter_map(|(_, outcome)| outcome.as_ref().ok());
            let there = printed.any(|text| text.contains(part));
            let seen = format!("{:?}", told.actions);
            self.expect(there, || format!("{part:?} printed by an action"), seen);
        }
        // The console as well: it has what came after the log was told.
        let console = console::of_generation(self.observed.console, self.generation);
        let console = console.unwrap_or_default();
        let lines = told.log.iter().map(String::as_str).chain(console.lines());
        let expected = expect.tolerate.iter().map(String::as_str);
        let tolerated = expected.chain(self.observed.arch.tolerate.iter().copied());
        let complaint = lines
            .filter(|line| complains(line))
            .find(|line| !tolerated.clone().any(|part| line.contains(part)));
        if let Some(line) = complaint {
            self.find("no complaint in the log", line);
        }
    }
}
