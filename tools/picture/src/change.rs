// SPDX-License-Identifier: GPL-2.0
//! The differences of a map from an earlier one.

use std::fmt;

use crate::Region;

/// A region's difference from the region at the same physical address of the earlier map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    New,
    /// Firmware is called at another address.
    Moved,
    Resized,
    Rights,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Moved => "moved",
            Self::Resized => "size changed",
            Self::Rights => "rights changed",
        })
    }
}

/// For each of `regions`, the first difference.
pub fn changes(before: &[Region], regions: &[Region]) -> Vec<Option<Change>> {
    regions
        .iter()
        .map(
            |region| match before.iter().find(|old| old.phys == region.phys) {
                None => Some(Change::New),
                Some(old) if old.virt != region.virt => Some(Change::Moved),
                Some(old) if old.pages != region.pages => Some(Change::Resized),
                Some(old) if old.parts != region.parts => Some(Change::Rights),
                Some(_) => None,
            },
        )
        .collect()
}

/// The regions that `regions` has no more.
pub fn gone<'a>(before: &'a [Region], regions: &[Region]) -> Vec<&'a Region> {
    let is_there = |old: &&Region| regions.iter().any(|region| region.phys == old.phys);
    before.iter().filter(|old| !is_there(old)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Part;

    fn region(phys: u64, virt: u64, rights: &str) -> Region {
        let mut region = Region::new(phys, virt, 2, 5).unwrap();
        region.parts.push(Part {
            phys,
            pages: 2,
            rights: rights.into(),
        });
        region
    }

    #[test]
    fn each_difference_has_its_name() {
        let before = [
            region(0x1000, 0x1000, "r-x"),
            region(0x9000, 0x9000, "rw-"),
            region(0xf000, 0xf000, "rw-"),
        ];
        let mut longer = region(0xf000, 0xf000, "rw-");
        longer.pages = 3;
        for (now, change) in [
            (region(0x1000, 0x1000, "r-x"), None),
            (region(0x1000, 0x1000, "rwx"), Some(Change::Rights)),
            (region(0x1000, 0x5000, "rwx"), Some(Change::Moved)),
            (region(0x5000, 0x5000, "r-x"), Some(Change::New)),
            (longer, Some(Change::Resized)),
        ] {
            assert_eq!(
                changes(&before, std::slice::from_ref(&now)),
                [change],
                "{now:?}"
            );
        }
        let now = [region(0x9000, 0x1000, "rw-"), region(0xf000, 0, "rw-")];
        assert_eq!(gone(&before, &now), [&before[0]]);
    }
}
