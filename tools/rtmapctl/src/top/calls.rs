// SPDX-License-Identifier: GPL-2.0
//! Durations of calls by service, out of the text of a trace.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use crate::paint::Paint;

const EVENT: &str = "efi_rtmap_call_end: ";
/// Of the durations that are kept.
const DIGITS: u8 = 3;
/// Heights of a bar, by the share of the most frequent duration.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The calls of each service, in nanoseconds.
#[derive(Default)]
pub struct Calls(BTreeMap<String, Histogram<u64>>);

impl Calls {
    pub fn of(trace: &str) -> Result<Self> {
        let mut calls = Self::default();
        for line in trace.lines() {
            let Some((_, fields)) = line.split_once(EVENT) else {
                continue;
            };
            let (service, duration) =
                call(fields).with_context(|| format!("not understood: {line:?}"))?;
            let new = || Histogram::new(DIGITS).expect("0 to 5 digits are valid");
            let durations = calls.0.entry(service.into()).or_insert_with(new);
            durations.record(duration)?;
        }
        Ok(calls)
    }

    pub fn text(&self, paint: Paint) -> String {
        if self.0.is_empty() {
            return "no call of firmware\n".into();
        }
        let heading = format!(
            "{:<26}{:>7}{:>12}{:>12}{:>12}  each power of 2",
            "service", "calls", "median, us", "99 %, us", "most, us"
        );
        let mut text = format!("{}\n", paint.heading(&heading));
        for (service, durations) in &self.0 {
            let at = |share| durations.value_at_quantile(share) as f64 / 1000.0;
            let _ = writeln!(
                text,
                "{service:<26}{:>7}{:>12.1}{:>12.1}{:>12.1}  {}",
                durations.len(),
                at(0.5),
                at(0.99),
                durations.max() as f64 / 1000.0,
                picture(durations),
            );
        }
        text
    }
}

/// The service and the duration, out of the fields of an event.
fn call(fields: &str) -> Option<(&str, u64)> {
    let (service, rest) = fields.strip_prefix("service=")?.split_once(" privilege=")?;
    let (_, duration) = rest.split_once(" duration=")?;
    Some((service, duration.strip_suffix(" ns")?.parse().ok()?))
}

/// A bar for each power of 2, from the shortest duration to the longest.
fn picture(durations: &Histogram<u64>) -> String {
    let power = |duration: u64| duration.max(1).ilog2();
    let (first, last) = (power(durations.min()), power(durations.max()));
    let counts: Vec<_> = (first..=last)
        .map(|power| durations.count_between(1 << power, (2 << power) - 1))
        .collect();
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let bar = |count: u64| match count {
        0 => ' ',
        _ => BARS[((count * 8).div_ceil(most) - 1) as usize],
    };
    let bars: String = counts.into_iter().map(bar).collect();
    format!("{} {bars} {}", shown(1 << first), shown(2 << last))
}

/// A duration of a power of 2 nanoseconds, in short.
fn shown(nanoseconds: u64) -> String {
    match nanoseconds {
        0..=999 => format!("{nanoseconds}ns"),
        1_000..=999_999 => format!("{}us", nanoseconds / 1_000),
        1_000_000..=999_999_999 => format!("{}ms", nanoseconds / 1_000_000),
        _ => format!("{}s", nanoseconds / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "# tracer: nop
   init-1  [000] .....  0.8: efi_rtmap_call_start: service=GetTime privilege=user
   init-1  [000] .....  0.8: efi_rtmap_call_end: service=GetTime privilege=user status=0x0 duration=1024 ns
   init-1  [000] .....  0.9: efi_rtmap_call_end: service=GetTime privilege=user status=0x0 duration=1030 ns
   init-1  [000] .....  0.9: efi_rtmap_call_end: service=GetTime privilege=user status=0x0 duration=4100 ns
   init-1  [000] .....  0.9: efi_rtmap_call_end: service=PRM handler privilege=kernel status=0x0 duration=2000000 ns
";

    #[test]
    fn each_service_has_a_line() {
        let text = Calls::of(TRACE).unwrap().text(Paint::Plain);
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "GetTime                         3         1.0         4.1         4.1  1us █ ▄ 8us",
                "PRM handler                     1      2000.9      2000.9      2000.9  1ms █ 2ms",
            ]
        );
    }

    #[test]
    fn a_trace_without_calls_says_so() {
        let calls = Calls::of("# tracer: nop\n").unwrap();
        assert_eq!(calls.text(Paint::Plain), "no call of firmware\n");
    }

    #[test]
    fn a_line_of_another_format_is_named() {
        let trace = TRACE.replace("duration=4100 ns", "duration=4100");
        let error = Calls::of(&trace).err().unwrap().to_string();
        assert!(error.contains("duration=4100\""), "{error}");
    }
}
