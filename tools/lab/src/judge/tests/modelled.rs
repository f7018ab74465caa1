// SPDX-License-Identifier: GPL-2.0
//! A stock kernel that maps something else than the model of stock says.

use efi_rtmap_record::recording::{self, Descriptor, MemoryAttributes, MemoryMap, Recording};
use efi_rtmap_stock::RUNTIME;

use super::*;

const STOCK: &str = r#"
    about = "for the tests"
    [[kernel]]
    image = "stock"
    options = "efi=debug"
    then = ["record-firmware"]
    expect = { as-modelled = true, tolerate = ["Invalid EFI"] }
"#;
const CODE: u64 = 0x20_0000;
const HIGH_CODE: u64 = 0xffff_fffe_ffc0_0000;
const DATA: u64 = 0x40_0000;
const HIGH_DATA: u64 = 0xffff_fffe_ffe0_0000;

/// A map as the kernel prints it: code and data, which cannot be cached, boot services memory of which
/// it keeps a page, and something that is no region.
const LOG: [&str; 9] = [
    "efi: [Firmware Bug]: Invalid EFI memory map entries:",
    "efi: mem01: [Runtime Data|RUN|  |  |  |  |  |  |  |  |  |   |WB|  |  |  ] range=[0x0000000000300000-0x0000000000000000] (invalid)",
    "efi: mem00: [Boot Data   |   |  |  |  |  |  |  |  |  |  |   |WB|  |  |UC] range=[0x0000000000100000-0x0000000000101fff] (0MB)",
    "efi: mem01: [Runtime Code|RUN|  |  |  |  |  |  |  |  |  |   |WB|  |  |  ] range=[0x0000000000200000-0x0000000000203fff] (0MB)",
    "efi: mem02: [Runtime Data|attr=0x8000000000000000] range=[0x0000000000400000-0x0000000000400fff] (0MB)",
    "efi: EFI runtime memory map:",
    "efi: mem00: [Runtime Data|attr=0x8000000000000000] range=[0x0000000000400000-0x0000000000400fff] (0MB)",
    "efi: mem02: [Boot Data   |RUN|  |  |  |  |  |  |  |  |  |   |WB|  |  |UC] range=[0x0000000000100000-0x0000000000100fff] (0MB)",
    "efi: memattr: Processing EFI Memory Attributes table:",
];

fn recording() -> Recording {
    Recording {
        format: recording::FORMAT,
        architecture: "x86_64".into(),
        kernel: "7.3.4-stock".into(),
        machine: recording::Machine::default(),
        firmware: recording::Firmware {
            bits: 64,
            vendor: String::new(),
            revision: 0,
            system_table_revision: 0,
            rt_properties: None,
            memory_map: MemoryMap {
                descriptor_size: 48,
                descriptor_version: 1,
                descriptors: Vec::new(),
            },
            // The first page of the code is read-only.
            memory_attributes: Some(MemoryAttributes {
                version: 2,
                count: 1,
                descriptor_size: 48,
                flags: 0,
                entries: vec![Descriptor {
                    ty: 5,
                    phys: CODE,
                    pages: 1,
                    attribute: RUNTIME | 1 << 17,
                    virt: 0,
                }],
            }),
        },
    }
}

fn range(start: u64, pages: u64, rights: &str, cached: bool) -> Mapping {
    Mapping {
        start,
        end: start + pages * 0x1000,
        write: rights.contains('w'),
        execute: rights.contains('x'),
        cached,
        level: Level::Pte,
    }
}

fn page_tables() -> Vec<Mapping> {
    let boot = 0xffff_fffe_ffb0_0000;
    let mut tables = vec![
        range(0, 1, "w", true),
        range(0x10_0000, 2, "w", true),
        // The map that SVAM is called with.
        range(0x80_0000, 1, "w", true),
        range(boot, 2, "w", true),
    ];
    for code in [CODE, HIGH_CODE] {
        tables.push(range(code, 1, "x", true));
        tables.push(range(code + 0x1000, 3, "wx", true));
    }
    tables.extend([DATA, HIGH_DATA].map(|data| range(data, 1, "w", false)));
    tables
}

fn stock() -> Told {
    let mut facts = good_facts(0);
    let region = |kind, phys, virt, pages, attribute| RuntimeRegion {
        phys,
        virt,
        pages,
        kind,
        attribute,
    };
    (facts.release, facts.rtmap) = ("7.3.4-stock".into(), None);
    facts.runtime_map = Ok(vec![
        region(4, 0x10_0000, 0xffff_fffe_ffb0_0000, 1, RUNTIME | 9),
        region(4, 0x10_1000, 0xffff_fffe_ffb0_1000, 1, 9),
        region(5, CODE, HIGH_CODE, 4, RUNTIME | 8),
        region(6, DATA, HIGH_DATA, 1, RUNTIME),
    ]);
    facts.page_tables = Ok(page_tables());
    let mut log: Vec<String> = LOG.map(String::from).into();
    log.push("secureboot: Secure boot disabled".into());
    Told {
        facts: Some(facts),
        actions: vec![(Action::RecordFirmware, Ok(recording().to_string()))],
        log,
        left: true,
        ..Told::default()
    }
}

fn with(spoil: impl FnOnce(&mut Told)) -> Vec<String> {
    let mut told = stock();
    spoil(&mut told);
    let scenario = parse("example", STOCK, x86_64()).unwrap().remove(0);
    findings(&scenario, &Report([(0, told)].into()), "", &End::Exited)
}

fn with_tables(spoil: impl FnOnce(&mut Vec<Mapping>)) -> Vec<String> {
    with(|told| {
        let facts = told.facts.as_mut().unwrap();
        spoil(facts.page_tables.as_mut().unwrap());
    })
}

#[test]
fn a_kernel_does_as_the_model_says() {
    assert_eq!(with(|_| {}), [""; 0]);
}

#[test]
fn page_tables_that_the_model_does_not_know() {
    let start = "generation 0: ";
    one_finding(
        with_tables(|tables| tables.retain(|m| m.start != DATA)),
        start,
        &["0x400000-0x401000 rw- uncached, as", "seen not mapped"],
    );
    one_finding(
        with_tables(|tables| tables.last_mut().unwrap().cached = true),
        start,
        &[
            "0xfffffffeffe00000-0xfffffffeffe01000 rw- uncached, as",
            "seen rw- cached",
        ],
    );
    one_finding(
        with_tables(|tables| tables.retain(|m| m.start != 0)),
        start,
        &["0x0-0x1000 rw- cached, as", "seen not mapped"],
    );
    one_finding(
        with_tables(|tables| tables.push(range(0x90_0000, 1, "w", true))),
        start,
        &["0x900000-0x901000 not mapped, as", "seen rw- cached"],
    );
    // Both of the code's addresses have the right that the table takes.
    let seen = with(|told| {
        let mut recording = recording();
        recording.firmware.memory_attributes = None;
        told.actions[0].1 = Ok(recording.to_string());
    });
    assert_eq!(seen.len(), 2, "{seen:#?}");
    assert!(seen[1].contains("0xfffffffeffc00000-0xfffffffeffc01000 rwx cached, as"));
    assert!(seen[1].contains("seen r-x cached"));
}

#[test]
fn many_differences_are_counted() {
    let seen = with_tables(|tables| tables.clear());
    assert_eq!(seen.len(), 5, "{seen:#?}");
    assert!(
        seen[4].contains("no more than that, seen 5 other"),
        "{seen:#?}"
    );
}

#[test]
fn addresses_that_the_model_does_not_know() {
    let seen = with(|told| {
        let facts = told.facts.as_mut().unwrap();
        facts.runtime_map.as_mut().unwrap()[2].virt += 0x1000;
    });
    let parts = [
        "map at 0x200000",
        "address 0xfffffffeffc00000",
        "seen type 5",
        "ffc01000",
    ];
    one_finding(seen, "generation 0: ", &parts);
}

#[test]
fn what_the_model_has_to_know() {
    let start = "generation 0: expected what the model of stock has to know";
    let log = |told: &mut Told| told.log.retain(|line| !line.contains("runtime memory map"));
    one_finding(with(log), start, &["no line"]);
    let recording = |told: &mut Told| told.actions.clear();
    one_finding(with(recording), start, &["no recording"]);
    let strange = |told: &mut Told| told.log[2] = LOG[2].replace("Boot Data", "Boot Milk");
    one_finding(with(strange), start, &["Boot Milk"]);
}

#[test]
fn only_stock_has_a_model() {
    for (from, to) in [
        ("efi=debug", "efi=runtime"),
        ("[\"record-firmware\"]", "[]"),
    ] {
        let text = STOCK.replace(from, to);
        let error = parse("example", &text, x86_64()).unwrap_err();
        assert!(format!("{error:#}").contains("as-modelled"), "{error:#}");
    }
}
