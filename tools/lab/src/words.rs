// SPDX-License-Identifier: GPL-2.0
//! The words that scenarios, architectures and kernels have in common.

use std::fmt;
use std::str::FromStr;

use anyhow::{bail, Result};
use serde::{Deserialize, Serialize};

/// Enums whose names are the words of the kernel's sysfs files.
macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
        pub enum $name {
            $(#[serde(rename = $word)] $variant),+
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word),+
                })
            }
        }

        impl FromStr for $name {
            type Err = anyhow::Error;

            fn from_str(word: &str) -> Result<Self> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => bail!("{word:?} is none of {}", [$($word),+].join(", ")),
                }
            }
        }
    )+};
}

words! {
    Kind { Phys = "phys", Ident = "ident", Fixed = "fixed", None = "none" }
    Origin { Fresh = "fresh", Handover = "handover", Legacy = "legacy", None = "none" }
    Svam {
        Unknown = "unknown",
        NotCalled = "not-called",
        CalledIdent = "called-ident",
        CalledFixed = "called-fixed",
        Failed = "failed",
    }
    Privilege { Kernel = "kernel", User = "user" }
    YesNo { Yes = "yes", No = "no" }
    Requested { Auto = "auto", Phys = "phys", Ident = "ident", Fixed = "fixed" }
    BootLoader { Grub = "grub", SystemdBoot = "systemd-boot" }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, \"none\", \"some\" or \"any\""
)]
pub enum Wx {
    Exactly(usize),
    Word(WxWord),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WxWord {
    None,
    /// At least one.
    Some,
    /// Not asserted.
    Any,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Firmware {
    /// The release build of the architecture's EDK2.
    #[default]
    Default,
    /// EDK2 for 32-bit processors, on x86.
    Ia32,
    /// The build that checks signatures, if it has keys.
    SecureBoot,
}
