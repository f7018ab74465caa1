// SPDX-License-Identifier: GPL-2.0
//! Regions and their parts.

use anyhow::{ensure, Result};

pub const PAGE: u64 = 4096;

/// A range of memory that has one type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    pub phys: u64,
    pub virt: u64,
    pub pages: u64,
    /// The number of its type.
    pub ty: u32,
    /// Its parts with one set of rights each, in the order of addresses. There are none if the
    /// rights are not known.
    pub parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    pub phys: u64,
    pub pages: u64,
    /// As in "r-x".
    pub rights: String,
}

impl Part {
    pub fn bytes(&self) -> u64 {
        self.pages * PAGE
    }
}

impl Region {
    /// Checks that the region ends within 64 bits in both address spaces.
    pub fn new(phys: u64, virt: u64, pages: u64, ty: u32) -> Result<Self> {
        let ends = |start: u64| pages.checked_mul(PAGE)?.checked_add(start);
        ensure!(
            pages != 0 && ends(phys).is_some() && ends(virt).is_some(),
            "region at {phys:#x} of {pages} pages at address {virt:#x} is none"
        );
        Ok(Self {
            phys,
            virt,
            pages,
            ty,
            parts: Vec::new(),
        })
    }

    pub fn bytes(&self) -> u64 {
        self.pages * PAGE
    }

    /// The address after its last byte.
    pub fn end(&self) -> u64 {
        self.phys + self.bytes()
    }
}

/// A size in the largest unit that needs no fraction.
pub fn size(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB")];
    let whole = units.iter().find(|(shift, _)| bytes % (1 << shift) == 0);
    match whole {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{} KiB", bytes >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_no_fractions() {
        for (bytes, text) in [
            (4 << 10, "4 KiB"),
            (1028 << 10, "1028 KiB"),
            (64 << 20, "64 MiB"),
            (1 << 30, "1 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_region_ends_within_64_bits() {
        let last = u64::MAX - (PAGE - 1);
        assert!(Region::new(last - PAGE, last - PAGE, 1, 5).is_ok());
        for (phys, virt, pages) in [(last, 0, 1), (0, last, 1), (0, 0, 0), (0, 0, u64::MAX)] {
            assert!(Region::new(phys, virt, pages, 5).is_err(), "{phys:#x}");
        }
    }
}
