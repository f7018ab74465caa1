// SPDX-License-Identifier: GPL-2.0
//! The kernels of a chain.

use std::fmt;

use anyhow::{ensure, Result};
use efi_rtmap_guest::plan::{Action, Loader};
use serde::Deserialize;

use super::Expect;
use crate::words::{Kind, Origin, Privilege};

/// One kernel of the chain.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    #[serde(default)]
    pub image: Image,
    #[serde(default)]
    pub options: String,
    /// None for the first, which firmware starts.
    pub loader: Option<Loader>,
    #[serde(default)]
    pub then: Vec<Action>,
    #[serde(default)]
    pub expect: Expect,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Image {
    #[serde(rename = "stock")]
    Stock,
    #[default]
    #[serde(rename = "rtmap")]
    Rtmap,
    /// With a distribution's mitigations and hardening.
    #[serde(rename = "rtmap-hard")]
    RtmapHard,
    /// With lock checking, KASAN and the like.
    #[serde(rename = "rtmap-debug")]
    RtmapDebug,
    /// Compiled by GCC and linked by GNU ld; on x86-64.
    #[serde(rename = "rtmap-gcc")]
    RtmapGcc,
    /// With PREEMPT_RT.
    #[serde(rename = "rtmap-rt")]
    RtmapRt,
    /// With pages of 16 KiB and 52 bits of virtual address; unpacks itself where firmware starts it.
    #[serde(rename = "rtmap-16k")]
    Rtmap16k,
    /// With 39 bits of virtual address.
    #[serde(rename = "rtmap-39")]
    Rtmap39,
    /// With pages of 64 KiB.
    #[serde(rename = "rtmap-64k")]
    Rtmap64k,
    /// Debian's own binary of this version.
    #[serde(rename = "debian-6.1")]
    Debian6_1,
    #[serde(rename = "debian-6.12")]
    Debian6_12,
    /// Debian's newest binary, of backports.
    #[serde(rename = "debian-backports")]
    DebianBackports,
}

impl Image {
    /// It has our code.
    pub fn is_ours(self) -> bool {
        self != Self::Stock && !self.is_debian()
    }

    /// Debian built it.
    pub fn is_debian(self) -> bool {
        matches!(
            self,
            Self::Debian6_1 | Self::Debian6_12 | Self::DebianBackports
        )
    }

    /// Tells if `release`, as in `uname -r`, is of this kernel. `debian` is Debian's name of the
    /// architecture.
    pub fn is_release(self, release: &str, debian: &str) -> bool {
        let (start, end) = match self {
            Self::Debian6_1 => ("6.1.", debian),
            Self::Debian6_12 => ("6.12.", debian),
            Self::DebianBackports => ("", debian),
            ours_or_stock => ("", &*ours_or_stock.to_string()),
        };
        release.starts_with(start) && release.ends_with(&format!("-{end}"))
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stock => "stock",
            Self::Rtmap => "rtmap",
            Self::RtmapHard => "rtmap-hard",
            Self::RtmapDebug => "rtmap-debug",
            Self::RtmapGcc => "rtmap-gcc",
            Self::RtmapRt => "rtmap-rt",
            Self::Rtmap16k => "rtmap-16k",
            Self::Rtmap39 => "rtmap-39",
            Self::Rtmap64k => "rtmap-64k",
            Self::Debian6_1 => "debian-6.1",
            Self::Debian6_12 => "debian-6.12",
            Self::DebianBackports => "debian-backports",
        })
    }
}

impl Step {
    /// One kernel, of which nothing is asked or expected but what is of all.
    pub fn new(image: Image, options: String, loader: Option<Loader>) -> Self {
        Self {
            image,
            options,
            loader,
            then: Vec::new(),
            expect: Expect::default(),
        }
    }

    /// Our code takes the map over, and shows its directory in sysfs.
    pub fn rtmap_on(&self) -> bool {
        self.passes_on() && self.calls_firmware()
    }

    /// Our code passes on what it has found, and is counted for that.
    pub fn passes_on(&self) -> bool {
        self.image.is_ours() && !self.options.contains("rtmap:off")
    }

    fn calls_firmware(&self) -> bool {
        match self.image {
            Image::RtmapRt => {
                let user = Privilege::of(&self.options) == Privilege::User;
                self.options.contains("efi=runtime") || user && !self.options.contains("noruntime")
            }
            _ => !self.options.contains("efi=noruntime"),
        }
    }

    /// An action of the kernel before starts this one.
    pub fn started_by_action(&self) -> bool {
        self.loader.is_some_and(Loader::started_by_action)
    }

    pub fn started_by(&self) -> String {
        match self.loader {
            Some(loader) => format!("kexec {loader}"),
            None => "firmware".into(),
        }
    }

    pub fn described(&self) -> String {
        format!("{}, started by {}", self.image, self.started_by())
    }

    /// The checks that the types cannot make.
    pub(super) fn validate(&self, first: bool) -> Result<()> {
        ensure!(
            !first || self.loader.is_none(),
            "loader: firmware starts the first kernel"
        );
        ensure!(
            first || self.loader.is_some(),
            "loader: missing; \"-c\", \"-s\", \"-p -c\", \"-p -s\" or \"script\""
        );
        let expect = &self.expect;
        let of_a_map = [
            ("kind", expect.kind.is_some()),
            ("origin", expect.origin.is_some()),
            ("svam", expect.svam.is_some()),
            ("generation", expect.generation.is_some()),
            ("privilege", expect.privilege.is_some()),
        ];
        let has_map = self.rtmap_on() && !expect.without_firmware();
        for (field, given) in of_a_map {
            ensure!(
                has_map || !given,
                "expect.{field}: this kernel has no map: it is stock, off, told of no firmware, or has \
                 rtmap:off or noruntime"
            );
        }
        ensure!(
            expect.kind != Some(Kind::None) && expect.origin != Some(Origin::None),
            "expect: a kernel without a map is off = true"
        );
        ensure!(
            !expect.as_modelled || (first && self.is_recorded_stock()),
            "expect.as-modelled: only of a stock kernel that firmware starts, with efi=debug and the action \
             \"record-firmware\""
        );
        Ok(())
    }

    /// A stock kernel that tells all that the model of stock has to know.
    fn is_recorded_stock(&self) -> bool {
        self.image == Image::Stock
            && self
                .options
                .split_ascii_whitespace()
                .any(|word| word == "efi=debug")
            && self.then.contains(&Action::RecordFirmware)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases() {
        for (image, release, is) in [
            (Image::Rtmap, "7.3.4-rtmap", true),
            (Image::Rtmap, "7.3.4-rtmap-rt", false),
            (Image::Debian6_1, "6.1.0-50-amd64", true),
            (Image::Debian6_1, "6.12.117+deb13-amd64", false),
            (Image::Debian6_1, "6.1.0-50-arm64", false),
            (Image::Debian6_12, "6.12.117+deb13-amd64", true),
            (Image::DebianBackports, "7.3.4+deb13-amd64", true),
            (Image::DebianBackports, "7.3.4-stock", false),
        ] {
            assert_eq!(image.is_release(release, "amd64"), is, "{image} {release}");
        }
    }
}
