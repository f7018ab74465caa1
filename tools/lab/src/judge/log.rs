// SPDX-License-Identifier: GPL-2.0
//! What the kernel and the actions said.

use efi_rtmap_guest::plan::GENERATION_PARAMETER;

use super::Judge;

/// Words of kernel log lines that mean trouble, whatever the scenario.
const COMPLAINTS: &[&str] = &[
    "WARNING:",
    "BUG:",
    "Oops",
    "Call Trace",
    "Firmware Bug",
    "Kernel panic",
    "general protection fault",
    "not ok ",
];

/// Found in lines that repeat the command line: what the scenario asked for, not an answer.
const COMMAND_LINE: &str = "ommand line: ";

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
        let console = console_of(self.observed.console, self.generation);
        let lines = told.log.iter().map(String::as_str).chain(console.lines());
        let complaint = lines
            .filter(|line| COMPLAINTS.iter().any(|word| line.contains(word)))
            .find(|line| !expect.tolerate.iter().any(|part| line.contains(part)));
        if let Some(line) = complaint {
            self.find("no complaint in the log", line);
        }
    }
}

/// From the line in which a kernel tells its command line to the same line of the next.
fn console_of(console: &str, generation: usize) -> &str {
    let start = told_generation(console, generation).unwrap_or(console.len());
    let rest = &console[start..];
    &rest[..told_generation(rest, generation + 1).unwrap_or(rest.len())]
}

fn told_generation(console: &str, generation: usize) -> Option<usize> {
    let word = format!("{GENERATION_PARAMETER}{generation}");
    let places = console.match_indices(&word).map(|(place, _)| place);
    places.into_iter().find(|place| {
        let after = &console[place + word.len()..];
        !after.starts_with(|next: char| next.is_ascii_digit())
    })
}
