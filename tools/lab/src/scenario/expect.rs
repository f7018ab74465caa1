// SPDX-License-Identifier: GPL-2.0
//! The expectations of one kernel of a scenario.

use efi_rtmap_orders::Service;
use serde::Deserialize;

use crate::words::{Kind, Origin, Privilege, Requested, Svam, Wx, YesNo};

/// Assertions beyond the checks that every generation gets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    pub kind: Option<Kind>,
    pub origin: Option<Origin>,
    pub svam: Option<Svam>,
    pub requested: Option<Requested>,
    pub generation: Option<u32>,
    pub privilege: Option<Privilege>,
    /// A part of the line in `reason`.
    pub reason: Option<String>,
    pub wx: Option<Wx>,
    /// Writable and executable pages of 4 KiB, as this kernel counts them.
    pub wx_pages: Option<Wx>,
    /// Pages of this kernel in which regions meet, so that W^X is given up there.
    pub shared_pages: Option<u64>,
    /// Parts of kernel log lines that must be there, must be there once, must not be there, and may
    /// be there although they look like a complaint.
    #[serde(default)]
    pub log: Vec<String>,
    #[serde(default)]
    pub log_once: Vec<String>,
    #[serde(default)]
    pub no_log: Vec<String>,
    #[serde(default)]
    pub tolerate: Vec<String>,
    /// The output of the actions must contain these.
    #[serde(default)]
    pub printed: Vec<String>,
    pub runtime_map: Option<RuntimeMap>,
    /// A stock kernel maps what the model of stock, `tools/stock`, says.
    #[serde(default)]
    pub as_modelled: bool,
    /// The kernel runs with five levels of page tables, or does not.
    pub five_level: Option<YesNo>,
    /// False: runtime services must be off.
    pub services: Option<Services>,
    /// The kernel lists as on those that it calls but for these.
    pub without: Option<Vec<Service>>,
    /// Services are off, and this kernel says so in sysfs.
    #[serde(default)]
    pub off: bool,
    /// The kernel before has told this one of no firmware at all.
    #[serde(default)]
    pub untold: bool,
    /// An earlier kernel or this one has seen firmware fault or hang, or none has.
    pub faulted: Option<bool>,
    /// Firmware's misbehaviour has tainted this kernel, or has not.
    pub tainted: Option<bool>,
    /// How often the hostile driver must have done what it was ordered, in this generation.
    pub firmware_faults: Option<usize>,
}

/// The checks of services that must succeed. The others must not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected true, false or a list of \"list\", \"read\", \"write\", \"storage\", \"clock\""
)]
pub enum Services {
    All(bool),
    These(Vec<Check>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The names of all variables.
    List,
    Read,
    Write,
    /// QueryVariableInfo.
    Storage,
    /// GetTime.
    Clock,
}

impl Expect {
    pub fn works(&self, check: Check) -> bool {
        match &self.services {
            None => !self.without_firmware(),
            Some(Services::All(all)) => *all,
            Some(Services::These(these)) => these.contains(&check),
        }
    }

    pub fn services_off(&self) -> bool {
        match &self.services {
            Some(Services::All(all)) => !all,
            Some(Services::These(these)) => these.is_empty(),
            None => self.without_firmware(),
        }
    }

    /// No word about services: there is nothing wrong with them.
    fn all_well(&self) -> bool {
        self.services.is_none() && !self.without_firmware()
    }

    /// The value in sysfs. Without services, there are several reasons why.
    pub fn faulted(&self) -> Option<bool> {
        self.faulted.or(self.all_well().then_some(false))
    }

    /// Nothing said of it, and nothing wrong: the kernel is not.
    pub fn tainted(&self) -> Option<bool> {
        self.tainted.or(self.all_well().then_some(false))
    }

    /// The kernel has no map of the firmware: it goes without, or has not been told of any.
    pub fn without_firmware(&self) -> bool {
        self.off || self.untold
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeMap {
    /// As in the generation before.
    Same,
    /// Not asserted.
    Any,
}
