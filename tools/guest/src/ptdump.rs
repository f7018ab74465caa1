// SPDX-License-Identifier: GPL-2.0
//! The kernel's dump of the EFI page tables. The format of a line depends on the architecture.

pub mod arm64;
pub mod x86_64;

use serde::{Deserialize, Serialize};

/// Adjacent pages of one size with the same permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    pub start: u64,
    pub end: u64,
    pub write: bool,
    pub execute: bool,
    /// This is ordinary memory with write-back caching.
    pub cached: bool,
    pub level: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Pte,
    Pmd,
    Pud,
    P4d,
    Pgd,
}

impl Mapping {
    pub fn write_and_execute(&self) -> bool {
        self.write && self.execute
    }

    pub fn bytes(&self) -> u64 {
        self.end - self.start
    }
}

/// The part of a line that both architectures have.
struct Line<'a> {
    start: u64,
    end: u64,
    /// The words after the size.
    words: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let _size = words.next()?;
        Some(Self {
            start: parse_address(start)?,
            end: parse_address(end)?,
            words: words.collect(),
        })
    }

    /// Returns None if the flags contradict each other, or if one is missing.
    fn mapping(&self, level: &str, flags: &[&str], cached: bool) -> Option<Mapping> {
        let write = flags.contains(&"RW");
        let execute = flags.contains(&"x");
        if write == flags.contains(&"ro") || execute == flags.contains(&"NX") {
            return None;
        }
        Some(Mapping {
            start: self.start,
            end: self.end,
            write,
            execute,
            cached,
            level: parse_level(level)?,
        })
    }
}

/// Returns all mappings that `parse_line` finds. It returns Some(None) for a hole. A line that is
/// not understood is an error: without this line, the count would be too low.
fn parse(
    dump: &str,
    parse_line: impl Fn(&str) -> Option<Option<Mapping>>,
) -> Result<Vec<Mapping>, String> {
    let mut mappings = Vec::new();
    for line in dump.lines().filter(|line| line.starts_with("0x")) {
        mappings.extend(parse_line(line).ok_or_else(|| format!("page table dump: {line:?}"))?);
    }
    Ok(mappings)
}

fn parse_address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

fn parse_level(text: &str) -> Option<Level> {
    Some(match text.to_ascii_lowercase().as_str() {
        "pte" => Level::Pte,
        "pmd" => Level::Pmd,
        "pud" => Level::Pud,
        "p4d" => Level::P4d,
        "pgd" => Level::Pgd,
        _ => return None,
    })
}
