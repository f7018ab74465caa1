// SPDX-License-Identifier: GPL-2.0
//! Maps that are not what they should be.

use super::*;
use crate::scenario::{Svam, Wx, WxWord};

#[test]
fn maps() {
    let wx = |facts: &mut Facts| facts.page_tables = Ok(vec![mapping(true, true)]);
    red_facts(wx, &["0 W+X ranges", "seen 1 0x1000-0x2000"]);
    red_facts(
        |facts| facts.page_tables = Err("no dump".into()),
        &["page tables", "no dump"],
    );
    let mut lossy = scenario();
    lossy.kernel[1].expect.wx = Some(Wx::Word(WxWord::Some));
    let seen = findings(&lossy, &good(), "", &End::Exited);
    one_finding(seen, "generation 1: ", &["some W+X ranges", "seen 0"]);
    let grown = |facts: &mut Facts| facts.runtime_map.as_mut().unwrap()[0].pages = 0xabc;
    red_facts(
        grown,
        &["runtime-map as in the generation before", "pages: abc"],
    );
}

#[test]
fn addresses_of_the_kind() {
    let high = RuntimeRegion {
        virt: 0xffff_fffe_0000_0000,
        ..RuntimeRegion::default()
    };
    for (kind, region) in [
        (Kind::Phys, high.clone()),
        (Kind::Ident, high),
        (Kind::Fixed, RuntimeRegion::default()),
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
            facts.runtime_map = Ok(vec![region.clone()]);
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
    let mut scenario = scenario();
    scenario.kernel[1].expect.svam = Some(Svam::CalledFixed);
    let mut report = good();
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    let files = facts.rtmap.as_mut().unwrap();
    files.insert("svam".into(), "called-fixed".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["called-fixed says", "0x3f5ec000"]);
}
