// SPDX-License-Identifier: GPL-2.0
//! The word on secure boot, and the variables behind it.

use efi_rtmap_guest::plan::Loader;

use super::*;
use crate::scenario::expect::Services;

#[test]
fn secure_boot() {
    let said = |words: &'static str| move |told: &mut Told| told.log[2] = words.into();
    red(
        said("secureboot: Secure boot enabled"),
        &["word on secure boot", "disabled", "enabled"],
    );
    red(said("nothing"), &["word on secure boot", "None"]);
    let not_told = "secureboot: Secure boot could not be determined (mode 0)";
    let with = |loader| {
        let mut scenario = scenario();
        scenario.kernel[1].loader = Some(loader);
        let mut report = good();
        said(not_told)(report.0.get_mut(&1).unwrap());
        findings(&scenario, &report, "", &End::Exited)
    };
    assert_eq!(with(Loader::KexecLoad), [""; 0]);
    one_finding(
        with(Loader::KexecFileLoad),
        "generation 1: ",
        &["word on secure boot", "mode 0"],
    );
    red_facts(
        |facts| facts.secure_boot = Ok([("SecureBoot".into(), 1)].into()),
        &["secure boot variables as in the first", "\"SecureBoot\": 1"],
    );
    red_facts(
        |facts| facts.secure_boot = Err("EIO".into()),
        &["reading secure boot variables", "EIO"],
    );
}

#[test]
fn a_kernel_that_must_not_call_firmware_is_told_all_the_same() {
    let mut scenario = scenario();
    scenario.kernel[1].expect.services = Some(Services::All(false));
    let mut report = good();
    let told = report.0.get_mut(&1).unwrap();
    told.log[2] = "secureboot: Secure boot enabled".into();
    let facts = told.facts.as_mut().unwrap();
    facts.variables = Err("none".into());
    (facts.storage, facts.clock) = (Err("none".into()), Err("none".into()));
    facts.secure_boot = Err("none".into());
    let seen = findings(&scenario, &report, "", &End::Exited);
    one_finding(seen, "generation 1: ", &["word on secure boot"]);
}
