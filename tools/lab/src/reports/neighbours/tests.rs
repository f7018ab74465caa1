// SPDX-License-Identifier: GPL-2.0
//! The view of a kernel, the comparison of two chains, and the page that shows them.

use super::*;
use crate::judge::tests::good;
use crate::machine::report::Told;
use crate::scenario::file::parse;

const CHAIN: &str = r#"
    about = "for the tests"
    matrix.loader = ["-c", "-s"]
    matrix.kind = ["auto", "fixed"]
    [[kernel]]
    options = "efi=rtmap:{kind}"
    [[kernel]]
    image = "debian-6.1"
    loader = "{loader}"
"#;

type Spoil = fn(&mut Told);

fn x86_64() -> &'static Arch {
    arch::named("x86_64").unwrap()
}

fn scenarios() -> Vec<Scenario> {
    parse("between", CHAIN, x86_64()).unwrap()
}

/// The second kernel's view, after `spoil`.
fn seen(spoil: impl FnOnce(&mut Told)) -> View {
    let mut report = good();
    spoil(report.0.get_mut(&1).unwrap());
    View::of(&report, 1)
}

#[test]
fn views() {
    let good = seen(|_| {});
    assert_eq!(good.to_string(), "1:1 (handover), all variables");
    let spoilt: [(Spoil, &str); 6] = [
        (|told| told.facts = None, "does not report"),
        (
            |told| told.left = false,
            "1:1 (handover), all variables, stops",
        ),
        (
            |told| facts(told).variables = Err("EIO".into()),
            "1:1 (handover), no variables",
        ),
        (
            |told| facts(told).variables.as_mut().unwrap().held[0] = Err("ENOENT".into()),
            "1:1 (handover), 1 of 2 variables",
        ),
        (
            |told| facts(told).tables.as_mut().unwrap().clear(),
            "1:1 (handover), all variables, 2 tables lost or changed",
        ),
        (
            |told| facts(told).clock = Err("EIO".into()),
            "1:1 (handover), all variables",
        ),
    ];
    for (spoil, words) in spoilt {
        let view = seen(spoil);
        assert_eq!(view.to_string(), words);
        assert!(view.rank < good.rank, "{words}");
    }
}

#[test]
fn maps() {
    let of_debian = |told: &mut Told| facts(told).rtmap = None;
    assert_eq!(seen(of_debian).to_string(), "1:1, all variables");
    let hidden = |told: &mut Told| facts(told).runtime_map = Err("EPERM".into());
    assert_eq!(seen(hidden).to_string(), "map not shown, all variables");
    let other = |told: &mut Told| {
        let region = &mut facts(told).runtime_map.as_mut().unwrap()[0];
        region.virt = 1 << 63;
    };
    assert_eq!(
        seen(other).to_string(),
        "fixed (handover), not that of the kernel before, all variables"
    );
}

fn facts(told: &mut Told) -> &mut efi_rtmap_guest::report::Facts {
    told.facts.as_mut().unwrap()
}

#[test]
fn chains_that_differ_in_our_options_have_one_twin() {
    let scenarios = scenarios();
    let twins = twins(&scenarios.iter().collect::<Vec<_>>());
    let names: Vec<&str> = twins.iter().map(|twin| twin.name.as_str()).collect();
    assert_eq!(names, ["stock_debian-6.1-c", "stock_debian-6.1-s"]);
    assert_eq!(twins[0].kernel[0].options, "");
}

/// Both loaders with `kind`, in which the second kernel has `ours`, and `stock` in the twin.
fn measured(kind: &str, ours: &View, stock: &View) -> Measured {
    let mut measured = Measured::default();
    measured
        .releases
        .insert("debian-6.1".into(), "6.1.0-50-amd64".into());
    for scenario in scenarios() {
        if !scenario.name.contains(kind) {
            continue;
        }
        let chain = |view: &View| vec![seen(|_| {}), view.clone()];
        measured.chains.insert(twin(&scenario).name, chain(stock));
        measured.chains.insert(scenario.name, chain(ours));
    }
    measured
}

#[test]
fn a_kernel_that_has_more_with_stock_is_lost() {
    let good = seen(|_| {});
    let less = seen(|told| facts(told).variables = Err("EIO".into()));
    let scenario = &scenarios()[0];
    let lost = |ours, stock| measured("auto", ours, stock).lost(scenario);
    assert_eq!(lost(&good, &good), None);
    assert_eq!(lost(&good, &less), None);
    assert_eq!(lost(&less, &good), Some(1));
}

#[test]
fn loaders_with_the_same_result_share_a_row() {
    let good = seen(|_| {});
    let less = seen(|told| facts(told).variables = Err("EIO".into()));
    let page = table::render(&[(x86_64(), scenarios(), measured("fixed", &good, &less))]);
    for part in [
        "\nx86_64\n======\n\n``debian-6.1`` is 6.1.0-50-amd64. ",
        "   * - rtmap, debian-6.1\n     - ``efi=rtmap:fixed``\n     - ``-c``, ``-s``\n     - 1:1 (handover), all \
         variables\n     - kernel 0: 1:1 (handover), all variables; kernel 1: 1:1 (handover), no \
         variables\n",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(!page.contains("auto"), "not measured: {page}");
}

#[test]
fn loaders_that_differ_in_a_chain_are_all_shown() {
    let text = CHAIN.to_string() + "[[kernel]]\nloader = \"-c\"\n";
    let [c, s] = [0, 1].map(|k| parse("mixed", &text, x86_64()).unwrap()[k].clone());
    for (scenario, loaders) in [(c, "``-c``"), (s, "``-s -c``")] {
        let good = seen(|_| {});
        let mut measured = Measured::default();
        for name in [&twin(&scenario).name, &scenario.name] {
            measured.chains.insert(name.clone(), vec![good.clone()]);
        }
        let page = table::render(&[(x86_64(), vec![scenario], measured)]);
        assert!(page.contains(&format!("     - {loaders}\n")), "{page}");
    }
}
