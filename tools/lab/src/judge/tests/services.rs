// SPDX-License-Identifier: GPL-2.0
//! Services that do not work, or should not.

use efi_rtmap_orders::Service;

use super::*;
use crate::scenario::expect::{Check, Services};

#[test]
fn variables() {
    fn of(facts: &mut Facts) -> &mut Variables {
        facts.variables.as_mut().unwrap()
    }
    red_facts(
        |facts| facts.variables = Err("no efivarfs".into()),
        &["no efivarfs"],
    );
    red_facts(
        |facts| of(facts).written = Err("EIO".into()),
        &["writing", "EIO"],
    );
    red_facts(
        |facts| of(facts).held[0] = Ok("x".into()),
        &["RtmapLab00", "to hold", "seen x"],
    );
    red_facts(
        |facts| of(facts).held[1] = Err("gone".into()),
        &["reading RtmapLab01", "gone"],
    );
    red_facts(
        |facts| of(facts).listed_before.clear(),
        &["RtmapLab00", "listed"],
    );
    red_facts(
        |facts| drop(of(facts).listed.pop()),
        &["RtmapLab01", "listed"],
    );
}

#[test]
fn variables_that_come_back() {
    let other = format!("{}-{VENDOR_GUID}", variable_name(7));
    red_facts(
        |facts| facts.variables.as_mut().unwrap().listed.push(other),
        &["no variable but those that are kept", "RtmapLab07"],
    );
}

#[test]
fn clock_and_storage() {
    red_facts(
        |facts| facts.clock = Err("EINVAL".into()),
        &["GetTime", "EINVAL"],
    );
    let slow = |facts: &mut Facts| facts.clock.as_mut().unwrap().epoch -= 3600;
    red_facts(slow, &["firmware's clock", "1799996400"]);
    red_facts(
        |facts| facts.storage = Err("EINVAL".into()),
        &["QueryVariableInfo", "EINVAL"],
    );
    let empty = |facts: &mut Facts| facts.storage = Ok(Storage::default());
    red_facts(empty, &["sensible variable storage"]);
}

/// Generation 1, of which all works, with other expectations: each service that should not work is
/// one finding.
fn against(services: Services) -> Vec<String> {
    let mut scenario = scenario();
    scenario.kernel[1].expect.services = Some(services);
    findings(&scenario, &good(), "", &End::Exited)
}

#[test]
fn services_that_should_be_off() {
    let mut scenario = scenario();
    scenario.kernel[1].expect.services = Some(Services::All(false));
    let mut report = good();
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.variables = Err("no efivarfs".into());
    facts.storage = Err("EINVAL".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["GetTime not to work"]);

    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.clock = Err("EINVAL".into());
    facts.variables = good_facts(1).variables;
    let variables = facts.variables.as_mut().unwrap();
    variables.held = vec![Err("EIO".into()), Err("EIO".into())];
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["writing a variable not to work"]);
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.variables.as_mut().unwrap().written = Err("EIO".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    assert_eq!(seen, [""; 0]);
    assert_eq!(against(Services::All(false)).len(), 4);
}

#[test]
fn services_that_work_in_part() {
    use Check::*;
    for (works, part) in [
        (vec![List, Read, Write, Storage], "GetTime not to work"),
        (
            vec![List, Read, Write, Clock],
            "QueryVariableInfo not to work",
        ),
    ] {
        let seen = against(Services::These(works));
        one_finding(seen, "generation 1: ", &[part]);
    }
    let seen = against(Services::These(vec![List, Write, Storage, Clock]));
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(
        seen[0].contains("reading RtmapLab00 not to work"),
        "{seen:?}"
    );

    let mut scenario = scenario();
    scenario.kernel[1].expect.services = Some(Services::These(vec![Clock]));
    let mut report = good();
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.variables = Err("no efivarfs".into());
    facts.storage = Err("EINVAL".into());
    assert_eq!(findings(&scenario, &report, "", &End::Exited), [""; 0]);
    let facts = report.0.get_mut(&1).unwrap().facts.as_mut().unwrap();
    facts.clock = Err("EINVAL".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["GetTime to work", "EINVAL"]);
}

#[test]
fn calls() {
    fn of(facts: &mut Facts) -> &mut Handover {
        facts.handover.as_mut().unwrap()
    }
    red_facts(
        |facts| facts.handover = Err("no table".into()),
        &["handover table", "no table"],
    );
    red_facts(
        |facts| of(facts).calls = 1,
        &["more than 1 calls", "seen 1"],
    );
    red_facts(
        |facts| of(facts).in_progress = 3,
        &["no call in progress", "service 3"],
    );
}

#[test]
fn services_that_are_off() {
    let mut scenario = scenario();
    scenario.kernel[1].expect.without = Some(vec![Service::SetTime, Service::QueryVariableInfo]);
    let findings_of = |services: &str| {
        let mut report = good();
        let told = report.0.get_mut(&1).unwrap();
        let files = told.facts.as_mut().unwrap().rtmap.as_mut().unwrap();
        files.insert("services".into(), services.into());
        findings(&scenario, &report, "", &End::Exited)
    };
    let others = "GetTime GetWakeupTime SetWakeupTime GetVariable GetNextVariableName SetVariable \
                  GetNextHighMonotonicCount ResetSystem UpdateCapsule QueryCapsuleCapabilities";
    assert_eq!(findings_of(others), [""; 0]);
    for wrong in [
        "none",
        &others.replacen(' ', " SetTime ", 1),
        &others.replacen(" ResetSystem", "", 1),
    ] {
        one_finding(
            findings_of(wrong),
            "generation 1: ",
            &["services GetTime GetWakeup", wrong],
        );
    }
}
