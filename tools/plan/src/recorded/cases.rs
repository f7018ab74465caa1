// SPDX-License-Identifier: GPL-2.0

//! Firmware of real machines, from public reports, and the plan's result for each. The recordings
//! say what is special about them.

use super::*;
use crate::plan::map::entry::wx_pages;

/// The layouts that fit a kernel: only 1:1, only fixed addresses, or both.
#[derive(PartialEq, Eq, Debug)]
enum Fits {
    Identity,
    Fixed,
    Both,
}

struct Case {
    name: &'static str,
    regions: usize,
    /// One value for each of [`Recorded::spaces`].
    fits: &'static [Fits],
    /// Pages that firmware may write and execute.
    wx_pages: u64,
    /// Ignored entries of the memory attributes table, or [`None`] if the table is not used.
    passed_over: Option<usize>,
    /// Pages of 64 KiB that different permissions share, in a 1:1 map.
    shared: usize,
}

const PC: &[Fits] = &[Fits::Both];
const SERVER: &[Fits] = &[Fits::Both, Fits::Both, Fits::Both, Fits::Both];
/// More memory than 39 bits can address.
const LARGE: &[Fits] = &[Fits::Both, Fits::Both, Fits::Fixed, Fits::Both];

const CASES: [Case; 13] = [
    case("hp-superdome-x", 22, PC, 0x800),
    case("apple-imac-2006-efi32", 6, &[Fits::Identity], 0x26),
    case("apple-macbookair71-tail", 7, PC, 0x33),
    case("asus-n56vz", 28, PC, 0x89),
    case("asus-ux391fa", 8, PC, 0xf7),
    case("intel-de3815tykh", 14, PC, 0x5c),
    Case {
        shared: 2,
        fits: &[Fits::Both, Fits::Fixed, Fits::Fixed, Fits::Both],
        ..case("cavium-thunderx-2s", 8, SERVER, 0x18)
    },
    case("ampere-emag", 5, LARGE, 0x1a0),
    case("ampere-emag-as-recorded", 5, LARGE, 0x1a0),
    case("rpi4-uboot-2020", 4, SERVER, 0x10),
    case("kunpeng-code-at-zero", 1, SERVER, 16),
    case("skylake-server-rwx-code", 1, PC, 59),
    Case {
        passed_over: None,
        shared: 1,
        ..case("qualcomm-mat-poisoned", 5, SERVER, 0x190)
    },
];

const fn case(name: &'static str, regions: usize, fits: &'static [Fits], wx_pages: u64) -> Case {
    Case {
        name,
        regions,
        fits,
        wx_pages,
        passed_over: Some(0),
        shared: 0,
    }
}

#[test]
fn each_case_comes_out_as_it_should() {
    for case in &CASES {
        println!("{}", case.name);
        let named = |firmware: &Recorded| firmware.name.strip_suffix(".toml") == Some(case.name);
        let firmware = all().find(named).expect("a recording of that name");
        let regions = firmware.regions(false);
        assert_eq!(regions.len(), case.regions);
        let fits: Vec<_> = firmware
            .spaces()
            .iter()
            .map(|space| fits(&firmware, space))
            .collect();
        assert_eq!(fits, case.fits);
        let wx_pages = wx_pages(&firmware.entries(&regions));
        assert_eq!(wx_pages.count(), case.wx_pages);
        let passed_over = firmware
            .described()
            .ok()
            .map(|(_, passed_over)| passed_over);
        assert_eq!(passed_over, case.passed_over);
        if let ([Some(identity), _], "aarch64") = (
            &firmware.layouts(&ARM64_64K),
            &*firmware.recording.architecture,
        ) {
            let tables = firmware.page_tables(identity, &ARM64_64K);
            let shared = tables.iter().filter(|mapping| mapping.shared);
            assert_eq!(shared.count(), case.shared);
        }
    }
}

fn fits(firmware: &Recorded, space: &AddressSpace) -> Fits {
    match firmware.layouts(space) {
        [Some(_), Some(_)] => Fits::Both,
        [Some(_), None] => Fits::Identity,
        [None, Some(_)] => Fits::Fixed,
        [None, None] => panic!("off"),
    }
}
