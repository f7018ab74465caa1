// SPDX-License-Identifier: GPL-2.0
//! The order of fates: of two kernels on the same firmware, the one that is better off.

use std::cmp::Reverse;

use super::services::Services;
use super::{is_aborted, of_crash_kernel, wx_ranges, Seen};
use crate::words::Privilege;

/// The use of a kernel to somebody, the least first. What stands above counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    services: Use,
    /// There was no oops, and no wait for firmware.
    sound: bool,
    /// No call was given up.
    returned: bool,
    /// Firmware's tables that are lost, and what a crash kernel did not find.
    lost: Reverse<usize>,
    wx: Reverse<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// It does not come to its end.
    Gone,
    /// It calls firmware that has failed, with its own privilege.
    CallsFailed,
    Off,
    Without(Reverse<usize>),
    All,
}

impl Seen<'_> {
    /// The rank of generation `k`, at its end.
    pub fn rank(&self, k: usize) -> Rank {
        let Some((told, facts)) = self.at_end(k) else {
            return Rank {
                services: Use::Gone,
                sound: false,
                returned: false,
                lost: Reverse(0),
                wx: Reverse(0),
            };
        };
        let services = match (self.calls_failed(k), Services::at_end(told, facts)) {
            (Some(Privilege::Kernel), _) => Use::CallsFailed,
            (_, Services::Off) => Use::Off,
            (_, Services::But(failed)) => Use::Without(Reverse(failed.len())),
            (_, Services::Work) => Use::All,
        };
        let found_not = |words: &String| words.starts_with("no ");
        let crash_kernel = told.actions.iter().filter_map(of_crash_kernel);
        let lost = self.report.changed_tables(facts).count();
        Rank {
            services,
            sound: self.harm(k).is_empty(),
            returned: !is_aborted(told),
            lost: Reverse(lost + crash_kernel.filter(found_not).count()),
            wx: Reverse(wx_ranges(facts)),
        }
    }
}
