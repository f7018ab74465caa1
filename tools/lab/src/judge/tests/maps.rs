// SPDX-License-Identifier: GPL-2.0
//! Maps that are not what they should be.

use super::*;
use crate::words::{Svam, Wx, WxWord};

#[test]
fn maps() {
    let wx = |facts: &mut Facts| facts.page_tables = Ok(vec![mapping(true, true)]);
    red_facts(
        wx,
        &[
            "no W+X pages",
            "seen 1 pages, ranges: 1 0x3f5ec000-0x3f5ed000",
        ],
    );
    red_facts(
        |facts| facts.page_tables = Err("no dump".into()),
        &["page tables", "no dump"],
    );
    let mut lossy = scenario();
    lossy.kernel[1].expect.wx = Some(Wx::Word(WxWord::Some));
    let seen = findings(&lossy, &good(), "", &End::Exited);
    one_finding(seen, "generation 1: ", &["some W+X ranges", "seen 0"]);
    lossy.kernel[1].expect.wx = Some(Wx::Word(WxWord::None));
    let mut report = good();
    wx(report.0.get_mut(&1).unwrap().facts.as_mut().unwrap());
    let seen = findings(&lossy, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["0 W+X ranges", "seen 1"]);
    let grown = |facts: &mut Facts| facts.runtime_map.as_mut().unwrap()[0].pages = 0xabc;
    red_facts(
        grown,
        &["runtime map as in the generation before", "pages: abc"],
    );
}

#[test]
fn memory_that_is_no_region() {
    let with = |start: u64, end: u64| {
        move |facts: &mut Facts| {
            let mappings = facts.page_tables.as_mut().unwrap();
            mappings.push(Mapping {
                start,
                end,
                ..mapping(true, false)
            });
        }
    };
    let outside = "nothing mapped for firmware outside of its regions";
    red_facts(
        with(0x1_000f_0000, 0x1_000f_2000),
        &[outside, "0x1000f0000"],
    );
    red_facts(with(0x3f5e_c000, u64::MAX), &[outside]);
    let mut report = good();
    with(0, 0x1000)(report.0.get_mut(&1).unwrap().facts.as_mut().unwrap());
    let seen = findings(&scenario(), &report, "", &End::Exited);
    assert_eq!(seen, [""; 0]);
}

#[test]
fn pages_that_regions_share() {
    let shared = |told: &mut Told, counted: &str| {
        let facts = told.facts.as_mut().unwrap();
        let files = facts.rtmap.as_mut().unwrap();
        files.insert("shared_pages".into(), counted.into());
        facts.page_tables = Ok(vec![mapping(true, true), mapping(true, true)]);
    };
    red(|told| shared(told, "1"), &["the 1 that", "seen 2 pages"]);
    let mut scenario = scenario();
    let mut report = good();
    shared(report.0.get_mut(&1).unwrap(), "2");
    let seen = findings(&scenario, &report, "", &End::Exited);
    assert_eq!(seen, [""; 0]);
    scenario.kernel[1].expect.shared_pages = Some(0);
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["shared_pages 0", "seen 2"]);
}

#[test]
fn addresses_of_the_kind() {
    let (low, high) = (0x3f5e_c000, 0xffff_fffe_0000_0000);
    for (kind, virt) in [
        (Kind::Phys, high),
        (Kind::Ident, high),
        (Kind::Fixed, low),
        (Kind::Fixed, low + 0x1000),
    ] {
        let mut scenario = scenario();
        let mut report = good();
        for (k, told) in &mut report.0 {
            scenario.kernel[*k].expect.kind = Some(kind);
            let facts = told.facts.as_mut().unwrap();
            facts
                .rtmap
                .as_mut()
                .unwrap()
                .insert("kind".into(), kind.to_string());
            facts.runtime_map = Ok(vec![region(virt)]);
            told.log.push(format!("efi: rtmap: {kind}, fresh"));
        }
        let seen = findings(&scenario, &report, "", &End::Exited);
        let part = format!("addresses of kind {kind}");
        assert_eq!(seen.len(), 2, "{seen:#?}");
        assert!(seen.iter().all(|line| line.contains(&part)), "{seen:#?}");
    }
}

#[test]
fn what_svam_did() {
    let high = |facts: &mut Facts| facts.runtime_services = Ok(0xffff_fffe_0000_0000);
    red_facts(high, &["called-ident says", "at 0xfffffffe"]);
    let behind = |facts: &mut Facts| facts.runtime_services = Ok(0x3f5e_d000);
    red_facts(behind, &["called-ident says", "at 0x3f5ed000"]);
    let endless = |facts: &mut Facts| {
        let mut region = facts.runtime_map.as_ref().unwrap()[0].clone();
        (region.phys, region.virt, region.pages) = (u64::MAX << 12, u64::MAX << 12, 1 << 52);
        facts.runtime_map.as_mut().unwrap().insert(0, region);
    };
    let mut report = good();
    for told in report.0.values_mut() {
        endless(told.facts.as_mut().unwrap());
    }
    let seen = findings(&scenario(), &report, "", &End::Exited);
    assert_eq!(seen, [""; 0]);

    let mut scenario = scenario();
    scenario.kernel[0].expect.kind = None;
    let last = &mut scenario.kernel[1].expect;
    (last.kind, last.svam) = (None, Some(Svam::CalledFixed));
    last.runtime_map = None;
    let mut report = good();
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.runtime_map = Ok(vec![region(0xffff_fffe_0000_0000)]);
    let files = facts.rtmap.as_mut().unwrap();
    files.insert("svam".into(), "called-fixed".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["called-fixed says", "0x3f5ecb98"]);
}

#[test]
fn pages_that_the_kernel_counts() {
    let mut scenario = scenario();
    scenario.kernel[1].expect.wx_pages = Some(Wx::Word(WxWord::Some));
    let counted = |scenario: &Scenario, pages: usize, count: &str| {
        let mut report = good();
        let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
        facts.page_tables = Ok(vec![mapping(true, true); pages]);
        let files = facts.rtmap.as_mut().unwrap();
        files.insert("wx_pages".into(), count.into());
        findings(scenario, &report, "", &End::Exited)
    };
    assert_eq!(counted(&scenario, 2, "2"), [""; 0]);
    one_finding(
        counted(&scenario, 2, "1"),
        "generation 1: ",
        &["wx_pages 2", "seen 1"],
    );
    one_finding(counted(&scenario, 0, "0"), "generation 1: ", &["Some"]);
    scenario.kernel[1].expect.wx_pages = Some(Wx::Exactly(1));
    one_finding(
        counted(&scenario, 2, "2"),
        "generation 1: ",
        &["Exactly(1)", "seen 2"],
    );
}

#[test]
fn tables_ride_along() {
    red_facts(
        |facts| facts.tables = Err("EIO".into()),
        &["reading SMBIOS", "EIO"],
    );
    red_facts(
        |facts| facts.tables.as_mut().unwrap().retain(|name, _| name != DMI),
        &["DMI as the first kernel found it", "seen none"],
    );
    red_facts(
        |facts| *facts.tables.as_mut().unwrap().get_mut(DSDT).unwrap() = 3,
        &["DSDT as the first", "other content, 0x3"],
    );
}
