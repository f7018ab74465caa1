// SPDX-License-Identifier: GPL-2.0
//! The facts of one kernel in the words of all reports.

use anyhow::{Context, Result};
use efi_rtmap_guest::report::Facts;

/// The content of a file of ours in sysfs.
pub fn file<'a>(facts: &'a Facts, name: &str) -> &'a str {
    let files = facts.rtmap.as_ref();
    let value = files.and_then(|files| files.get(name));
    value.map_or("-", String::as_str)
}

pub fn variables(facts: &Facts) -> String {
    match &facts.variables {
        Ok(variables) => {
            let read = variables.held.iter().take(facts.generation);
            let written = u32::from(variables.written.is_ok());
            let read = read.filter(|held| held.is_ok()).count();
            format!("{read} read, {written} written")
        }
        Err(error) => error.clone(),
    }
}

/// The number of writable and executable ranges.
pub fn wx(facts: &Facts) -> String {
    match &facts.page_tables {
        Ok(mappings) => {
            let both = mappings
                .iter()
                .filter(|mapping| mapping.write_and_execute());
            both.count().to_string()
        }
        Err(error) => error.clone(),
    }
}

/// The time of day of firmware's clock.
pub fn clock(facts: &Facts) -> Result<String> {
    match &facts.clock {
        Ok(clock) => time_of_day(clock.epoch).context("the firmware's clock"),
        Err(error) => Ok(error.clone()),
    }
}

/// The time of one GetTime.
pub fn cost(facts: &Facts) -> String {
    let clock = facts.clock.as_ref();
    clock.map_or("-".into(), |clock| {
        format!("{} us", clock.nanoseconds / 1000)
    })
}

fn time_of_day(epoch: i64) -> Option<String> {
    let seconds = u64::try_from(epoch).ok()? % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    Some(format!("{hours:02}:{minutes:02}:{:02}", seconds % 60))
}
