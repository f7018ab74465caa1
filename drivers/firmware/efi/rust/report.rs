// SPDX-License-Identifier: GPL-2.0

//! The report to the user: the boot line and the values in sysfs.

#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::user_mode;
use crate::{
    plan::{
        base::kind::{
            Privilege,
            Svam, //
        },
        firmware::service::Services, //
    },
    state::{
        self,
        Map,
        Origin,
        State, //
    },
};
use core::fmt;
use kernel::prelude::*;

/// Prints the one line that names the map, its origin and its reason.
pub(crate) fn print(state: &State) {
    match &state.map {
        Ok(map) => pr_info!("{}\n", format_args!("{}", Summary(map))),
        Err(failure) => pr_err!("runtime services off: {}\n", format_args!("{failure}")),
    }
}

/// The boot line.
struct Summary<'a>(&'a Map);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Map {
            origin, snapshot, ..
        } = self.0;
        write!(f, "{}, ", snapshot.kind)?;
        match origin {
            Origin::Fresh => match snapshot.svam {
                Svam::CalledIdent => f.write_str("fresh, SVAM called with 1:1 addresses")?,
                Svam::CalledFixed => f.write_str("fresh, SVAM called with fixed addresses")?,
                Svam::Failed => f.write_str("fresh, SVAM called and failed")?,
                Svam::NotCalled | Svam::Unknown => f.write_str("fresh, SVAM not called")?,
            },
            Origin::Handover => {
                let from = snapshot.generation.saturating_sub(1);
                write!(
                    f,
                    "inherited from generation {from}, SVAM not called here ({}",
                    snapshot.svam
                )?;
                match snapshot.svam_generation {
                    Some(generation) => write!(f, " by generation {generation})")?,
                    None => f.write_str(")")?,
                }
            }
            Origin::Legacy => {
                write!(
                    f,
                    "inherited without a table, SVAM not called here ({})",
                    snapshot.svam
                )?;
            }
        }
        write!(f, ", {} regions", self.0.regions.len())
    }
}

/// The privilege that firmware runs with.
fn privilege() -> Privilege {
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    if user_mode::is_on() {
        return Privilege::User;
    }
    Privilege::Kernel
}

/// Tells if firmware has failed, in this kernel or an earlier one.
fn has_failed() -> bool {
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    if user_mode::failed() != Services::NONE {
        return true;
    }
    state::is_faulted()
}

/// The services that are on.
fn services(map: &Map) -> Services {
    let by_kernel = state::by_kernel(map);
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    if user_mode::is_on() {
        return user_mode::services(map.services, by_kernel);
    }
    map.services.among(by_kernel)
}

/// The value of a `file` in sysfs.
pub(crate) struct Value<'a> {
    pub(crate) state: &'a State,
    pub(crate) file: &'a [u8],
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let map = self.state.map.as_ref();
        let snapshot = map.map(|map| &map.snapshot);
        match self.file {
            b"kind" => f.write_str(snapshot.map_or("none", |snapshot| snapshot.kind.name())),
            b"origin" => f.write_str(map.map_or("none", |map: &Map| map.origin.name())),
            b"svam" => f.write_str(snapshot.map_or("unknown", |snapshot| snapshot.svam.name())),
            b"generation" => match snapshot {
                Ok(snapshot) => write!(f, "{}", snapshot.generation),
                Err(_) => f.write_str("unknown"),
            },
            b"reason" => match map {
                Ok(map) => map.reason.fmt(f),
                Err(failure) => failure.fmt(f),
            },
            b"requested" => f.write_str(self.state.request.name()),
            b"wx_pages" => write!(f, "{}", map.map_or(0, |map| map.wx_pages)),
            b"faulted" => write!(f, "{}", u32::from(has_failed())),
            b"shared_pages" => write!(f, "{}", map.map_or(0, |map| map.shared_pages)),
            b"services" => match map {
                Ok(map) => services(map).fmt(f),
                Err(_) => Services::NONE.fmt(f),
            },
            b"privilege" => f.write_str(privilege().name()),
            #[cfg(CONFIG_EFI_RTMAP_USER)]
            b"privileges" => user_mode::Privileges.fmt(f),
            b"regions" => write!(f, "{}", map.map_or(0, |map| map.regions.len())),
            // C has no other file.
            _ => Err(fmt::Error),
        }
    }
}
