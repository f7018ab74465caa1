// SPDX-License-Identifier: GPL-2.0
//! The firmware's clock, and the time that a read takes.

use std::time::Instant;

use anyhow::{ensure, Context, Result};
use efi_rtmap_guest::report::{Clock, Timing};

use crate::clock_services::EfiTime;
use crate::efi_test::EfiTest;

pub fn read(samples: u32) -> Result<Clock> {
    let efi = EfiTest::open()?;
    let times = (0..samples)
        .map(|_| nanoseconds(|| efi.get_time()?.success()))
        .collect::<Result<Vec<_>>>()?;
    let timing = Timing::of(times).context("no samples")?;
    Ok(Clock {
        epoch: efi.get_time()?.success()?.epoch()?,
        nanoseconds: timing.median,
    })
}

pub fn nanoseconds<T>(call: impl FnOnce() -> Result<T>) -> Result<u64> {
    let start = Instant::now();
    call()?;
    Ok(start.elapsed().as_nanos() as u64)
}

impl EfiTime {
    /// Seconds since 1970, UTC. The lab's machines keep UTC.
    fn epoch(&self) -> Result<i64> {
        ensure!(
            (1..=12).contains(&self.month) && (1..=31).contains(&self.day),
            "GetTime: {}-{}-{}",
            self.year,
            self.month,
            self.day
        );
        // Years begin in March here, so that the leap day is the last day.
        let (year, month) = match i64::from(self.month) {
            month @ 1..=2 => (i64::from(self.year) - 1, month + 9),
            month => (i64::from(self.year), month - 3),
        };
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
        let hours = days * 24 + i64::from(self.hour);
        Ok((hours * 60 + i64::from(self.minute)) * 60 + i64::from(self.second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(year: u16, month: u8, day: u8) -> i64 {
        EfiTime {
            year,
            month,
            day,
            hour: 1,
            minute: 2,
            second: 3,
            ..Default::default()
        }
        .epoch()
        .unwrap()
    }

    #[test]
    fn seconds_since_1970() {
        let time_of_day = 3723;
        assert_eq!(epoch(1970, 1, 1), time_of_day);
        assert_eq!(epoch(2000, 2, 29), 951_782_400 + time_of_day);
        assert_eq!(epoch(2000, 3, 1), 951_868_800 + time_of_day);
        assert_eq!(epoch(2026, 11, 22), 1_795_305_600 + time_of_day);
    }

    #[test]
    fn a_clock_that_was_not_filled_in_is_an_error() {
        assert!(EfiTime::default().epoch().is_err());
    }
}
