// SPDX-License-Identifier: GPL-2.0
//! Derived expectations equal the kernels' decisions, as their documentation's table of decisions has
//! them.

use efi_rtmap_guest::plan::Loader;

use super::*;
use crate::arch;
use crate::scenario::Image;

/// Kind, origin, SVAM state and generation.
type Life = (Kind, Origin, Svam, u32);

fn chain(kernels: &[(Image, &str)]) -> Vec<Step> {
    let step = |(k, &(image, options)): (usize, &(Image, &str))| {
        let loader = (k > 0).then_some(Loader::KexecLoad);
        Step::new(image, options.into(), loader)
    };
    kernels.iter().enumerate().map(step).collect()
}

fn completed(arch: &str, mut steps: Vec<Step>) -> Vec<Expect> {
    let arch = arch::named(arch).unwrap();
    complete(&mut steps, &arch.rtmap, Firmware::Default);
    steps.into_iter().map(|step| step.expect).collect()
}

fn derived(arch: &str, kernels: &[(Image, &str)]) -> Vec<Expect> {
    completed(arch, chain(kernels))
}

fn life(expect: &Expect) -> Option<Life> {
    Some((
        expect.kind?,
        expect.origin?,
        expect.svam?,
        expect.generation?,
    ))
}

const OURS: (Image, &str) = (Image::Rtmap, "");
const STOCK: (Image, &str) = (Image::Stock, "");
const OFF: (Image, &str) = (Image::Rtmap, "efi=rtmap:off");
const NORUNTIME: (Image, &str) = (Image::Rtmap, "efi=noruntime");

#[test]
fn the_first_kernel_of_ours_gets_what_it_asks_for() {
    for (arch, options, kind, svam) in [
        ("x86_64", "quiet", Kind::Ident, Svam::CalledIdent),
        ("arm64", "efi=debug", Kind::Phys, Svam::NotCalled),
        ("x86_64", "efi=rtmap:auto", Kind::Ident, Svam::CalledIdent),
        ("x86_64", "efi=rtmap:phys", Kind::Phys, Svam::NotCalled),
        (
            "arm64",
            "efi=debug,rtmap:fixed",
            Kind::Fixed,
            Svam::CalledFixed,
        ),
    ] {
        let seen = derived(arch, &[(Image::Rtmap, options)]);
        assert_eq!(
            life(&seen[0]),
            Some((kind, Origin::Fresh, svam, 0)),
            "{options}"
        );
    }
}

#[test]
fn firmware_has_the_privilege_that_is_asked_for_where_it_can() {
    const USER: &str = "efi=rtmap:user";
    for (arch, options, privilege) in [
        ("x86_64", "", Privilege::Kernel),
        ("x86_64", USER, Privilege::User),
        (
            "arm64",
            "efi=rtmap:phys,rtmap:user=enforce",
            Privilege::User,
        ),
        (
            "x86_64",
            "efi=rtmap:user efi=rtmap:kernel",
            Privilege::Kernel,
        ),
        ("x86_64", "efi=rtmap:fixed,rtmap:user", Privilege::Kernel),
        ("arm64", "efi=rtmap:fixed,rtmap:user", Privilege::User),
    ] {
        let seen = derived(arch, &[(Image::Rtmap, options)]);
        assert_eq!(seen[0].privilege, Some(privilege), "{options}");
    }
    let inherited = [
        (Image::Rtmap, "efi=rtmap:fixed"),
        (Image::Rtmap, USER),
        STOCK,
    ];
    let seen = derived("x86_64", &inherited);
    let privileges = seen.iter().map(|expect| expect.privilege);
    assert!(privileges.eq([Some(Privilege::Kernel), Some(Privilege::Kernel), None]));
}

#[test]
fn what_is_asked_for_is_told() {
    let seen = derived(
        "x86_64",
        &[OURS, (Image::Rtmap, "efi=rtmap:fixed,rtmap:retry"), STOCK],
    );
    let requested = seen.iter().map(|expect| expect.requested);
    assert!(requested.eq([Some(Requested::Auto), Some(Requested::Fixed), None]));
}

#[test]
fn successors_inherit_and_stock_kernels_do_not_count() {
    let fixed = (Image::Rtmap, "efi=rtmap:fixed");
    let seen = derived(
        "x86_64",
        &[fixed, (Image::Rtmap, "efi=rtmap:phys"), STOCK, OFF, OURS],
    );
    let inherited = |k| Some((Kind::Fixed, Origin::Handover, Svam::CalledFixed, k));
    assert_eq!(life(&seen[1]), inherited(1));
    assert_eq!((life(&seen[2]), life(&seen[3])), (None, None));
    assert_eq!(life(&seen[4]), inherited(2));
}

#[test]
fn after_stock_the_map_is_known_from_traces() {
    for (arch, kind, svam) in [
        ("x86_64", Kind::Fixed, Svam::CalledFixed),
        ("arm64", Kind::Phys, Svam::Unknown),
    ] {
        for first in [STOCK, OFF] {
            let seen = derived(arch, &[first, OURS, OURS]);
            let traces = Some((kind, Origin::Legacy, svam, 1));
            assert_eq!((life(&seen[1]), life(&seen[2])), (traces, traces));
        }
    }
}

#[test]
fn stock_gives_32_bit_firmware_a_1_to_1_map() {
    let mut steps = chain(&[STOCK, OURS]);
    let arch = arch::named("x86_64").unwrap();
    complete(&mut steps, &arch.rtmap, Firmware::Ia32);
    let traces = (Kind::Ident, Origin::Legacy, Svam::Unknown, 1);
    assert_eq!(life(&steps[1].expect), Some(traces));
}

#[test]
fn a_kernel_that_calls_nothing_passes_on_what_it_finds() {
    let seen = derived("x86_64", &[NORUNTIME, OURS]);
    let phys = (Kind::Phys, Origin::Handover, Svam::NotCalled, 1);
    assert_eq!(life(&seen[1]), Some(phys));
    assert!(seen[0].services_off() && life(&seen[0]).is_none());
    let seen = derived("x86_64", &[OURS, NORUNTIME, OURS]);
    let ident = (Kind::Ident, Origin::Handover, Svam::CalledIdent, 2);
    assert_eq!(life(&seen[2]), Some(ident));
}

#[test]
fn what_a_scenario_says_stays_and_goes_on() {
    let mut steps = chain(&[OURS, OURS, OURS]);
    steps[0].expect.kind = Some(Kind::Phys);
    steps[0].expect.svam = Some(Svam::Failed);
    steps[1].expect.generation = Some(7);
    let seen = completed("x86_64", steps);
    let failed = |origin, k| Some((Kind::Phys, origin, Svam::Failed, k));
    assert_eq!(life(&seen[0]), failed(Origin::Fresh, 0));
    assert_eq!(life(&seen[1]), failed(Origin::Handover, 7));
    assert_eq!(life(&seen[2]), failed(Origin::Handover, 8));
}

#[test]
fn a_table_that_is_lost_leaves_the_traces() {
    let mut steps = chain(&[OURS, OURS]);
    steps[1].expect.origin = Some(Origin::Legacy);
    let seen = completed("x86_64", steps);
    let traces = (Kind::Ident, Origin::Legacy, Svam::Unknown, 1);
    assert_eq!(life(&seen[1]), Some(traces));
    assert_eq!(seen[1].wx, Some(Wx::Word(WxWord::Any)));
}

#[test]
fn a_kernel_that_is_off_has_no_map() {
    let mut steps = chain(&[OURS, OURS, OURS]);
    steps[1].expect.off = true;
    let seen = completed("arm64", steps);
    assert_eq!(
        (
            seen[1].kind,
            seen[1].origin,
            seen[1].svam,
            seen[1].generation
        ),
        (
            Some(Kind::None),
            Some(Origin::None),
            Some(Svam::Unknown),
            None
        )
    );
    assert_eq!((seen[1].runtime_map, seen[2].runtime_map), (None, None));
}

#[test]
fn the_runtime_map_stays_as_long_as_there_is_one() {
    let mut steps = chain(&[OURS, STOCK, NORUNTIME, OURS, STOCK, STOCK]);
    steps[3].expect.runtime_map = Some(RuntimeMap::Any);
    steps[4].expect.services = Some(Services::All(false));
    let seen = completed("x86_64", steps);
    let maps = seen.iter().map(|expect| expect.runtime_map);
    let same = Some(RuntimeMap::Same);
    assert!(maps.eq([None, same, same, Some(RuntimeMap::Any), None, None]));
}

#[test]
fn writable_and_executable_ranges_go_by_who_read_the_attributes() {
    let wx = |kernels: &[(Image, &str)]| {
        let seen = derived("x86_64", kernels).into_iter();
        seen.map(|expect| expect.wx).collect::<Vec<_>>()
    };
    let any = Some(Wx::Word(WxWord::Any));
    let some = Some(Wx::Word(WxWord::Some));
    assert_eq!(wx(&[OURS, OURS, STOCK]), [None, None, some]);
    assert_eq!(wx(&[STOCK, OURS, STOCK]), [None, any, some]);
    assert_eq!(wx(&[NORUNTIME, OURS]), [any, any]);
}

#[test]
fn debians_kernels_show_less() {
    for (arch, map) in [("x86_64", Some(RuntimeMap::Same)), ("arm64", None)] {
        let seen = derived(arch, &[OURS, (Image::Debian6_1, ""), OURS]);
        let variables = Services::These(vec![Check::List, Check::Read, Check::Write]);
        assert_eq!(seen[1].services, Some(variables), "{arch}");
        assert_eq!(seen[1].wx, Some(Wx::Word(WxWord::Any)), "{arch}");
        assert_eq!((seen[1].runtime_map, seen[2].runtime_map), (map, map));
        assert_eq!(seen[2].generation, Some(1), "{arch}");
    }
}
