// SPDX-License-Identifier: GPL-2.0
//! The kernel's own word, in sysfs and by its taint.

use super::*;

#[test]
fn sysfs() {
    let set = |file: &'static str, value: &'static str| {
        move |facts: &mut Facts| {
            facts
                .rtmap
                .as_mut()
                .unwrap()
                .insert(file.into(), value.into());
        }
    };
    red_facts(set("kind", "fixed"), &["expected kind ident", "seen fixed"]);
    red_facts(
        set("origin", "legacy"),
        &["expected origin handover", "seen legacy"],
    );
    red_facts(set("svam", "failed"), &["svam called-ident", "seen failed"]);
    red_facts(set("generation", "0"), &["expected generation 1", "seen 0"]);
    red_facts(set("faulted", "1"), &["expected faulted 0", "seen 1"]);
    red_facts(set("regions", "0"), &["number of regions", "seen 0"]);
    red_facts(|facts| facts.rtmap = None, &["rtmap directory", "none"]);
}

#[test]
fn taint() {
    red_facts(
        |facts| facts.tainted = TAINT_FIRMWARE,
        &["tainted by firmware: false", "0x800"],
    );
    let mut scenario = scenario();
    scenario.kernel[1].expect.tainted = Some(true);
    let seen = findings(&scenario, &good(), "", &End::Exited);
    one_finding(seen, "generation 1: ", &["tainted by firmware: true"]);
}
