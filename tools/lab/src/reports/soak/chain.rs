// SPDX-License-Identifier: GPL-2.0
//! The chain of a soak: firmware starts a kernel of ours, and after it kernels that ask for other
//! kinds of map, that are told to leave all to the C code, and stock ones take turns. Firmware is
//! called with either privilege.

use efi_rtmap_guest::plan::Loader;

use crate::arch::Arch;
use crate::scenario::{Expect, Image, Scenario, Step, ROOM_FOR_STOCK_MIB};
use crate::words::{Kind, Privilege, Requested, Wx, WxWord};

/// Far more than a generation takes: who watches the chain notices earlier if one is silent.
const LIMIT_EACH_S: u32 = 60;

/// One round; the next one has the other loader, and the one after the next the other privilege.
const ROUND: [Turn; 6] = [
    Turn::Asks(Requested::Auto),
    Turn::Asks(Requested::Phys),
    Turn::Asks(Requested::Ident),
    Turn::Asks(Requested::Fixed),
    Turn::Off,
    Turn::Stock,
];
const LOADERS: [Loader; 2] = [Loader::KexecLoad, Loader::KexecFileLoad];
const PRIVILEGES: [Privilege; 2] = [Privilege::Kernel, Privilege::User];

#[derive(Clone, Copy)]
enum Turn {
    Asks(Requested),
    Off,
    Stock,
}

/// `generations` kernels, the first of which asks for `first`.
pub fn scenario(arch: &Arch, generations: usize, first: Requested) -> Scenario {
    let mut scenario = Scenario {
        memory_mib: Some(ROOM_FOR_STOCK_MIB),
        time_limit_s: LIMIT_EACH_S.saturating_mul(generations.try_into().unwrap_or(u32::MAX)),
        // It counts the calls of SetVirtualAddressMap.
        hostile: true,
        soak: true,
        ..Scenario::new(
            format!("soak-{first}"),
            "nothing grows, wears out or is lost".into(),
            (0..generations).map(|k| step(k, first)).collect(),
        )
    };
    scenario.complete(arch);
    refusals(&mut scenario.kernel);
    scenario
}

fn step(k: usize, first: Requested) -> Step {
    let turn = match k {
        0 => Turn::Asks(first),
        _ => ROUND[k % ROUND.len()],
    };
    let round = k / ROUND.len();
    let privilege = PRIVILEGES[round / LOADERS.len() % PRIVILEGES.len()];
    let (image, request) = match turn {
        Turn::Asks(kind) => (Image::Rtmap, format!("efi=rtmap:{kind},rtmap:{privilege}")),
        Turn::Off => (Image::Rtmap, "efi=rtmap:off".into()),
        Turn::Stock => (Image::Stock, String::new()),
    };
    let wx = match turn {
        Turn::Asks(_) => None,
        Turn::Off | Turn::Stock => Some(Wx::Word(WxWord::Any)),
    };
    // The console has no more than the lines that tell kernels apart, and what is worse.
    let options = format!("loglevel=6 {request}");
    let loader = (k > 0).then(|| LOADERS[round % LOADERS.len()]);
    Step {
        expect: Expect {
            wx,
            ..Expect::default()
        },
        ..Step::new(image, options, loader)
    }
}

/// A kernel that cannot have the map that it asks for says so.
fn refusals(kernels: &mut [Step]) {
    for Step { expect, .. } in kernels {
        if let (Some(asked), Some(kind)) = (expect.requested, expect.kind) {
            expect.log.extend(refusal(asked, kind));
        }
    }
}

/// The line of a kernel that cannot have the kind that it asks for.
fn refusal(asked: Requested, kind: Kind) -> Option<String> {
    let other = asked != Requested::Auto && asked.to_string() != kind.to_string();
    other.then(|| format!("efi: rtmap: {asked} refused"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch;
    use crate::words::Svam;

    fn of(generations: usize, first: Requested) -> Scenario {
        scenario(arch::named("x86_64").unwrap(), generations, first)
    }

    #[test]
    fn it_is_a_good_scenario() {
        let scenario = of(40, Requested::Fixed);
        scenario.validate(arch::named("x86_64").unwrap()).unwrap();
        assert_eq!(scenario.kernel.len(), 40);
    }

    #[test]
    fn each_kernel_is_loaded_either_way() {
        let scenario = of(13, Requested::Auto);
        let loader = |k: usize| scenario.kernel[k].loader;
        assert_eq!(loader(0), None);
        for k in 1..ROUND.len() {
            assert_eq!(loader(k), Some(Loader::KexecLoad));
            assert_eq!(loader(k + ROUND.len()), Some(Loader::KexecFileLoad));
        }
        assert_eq!(loader(2 * ROUND.len()), Some(Loader::KexecLoad));
    }

    #[test]
    fn firmware_is_called_with_either_privilege_after_either_loader() {
        let scenario = of(5 * ROUND.len(), Requested::Auto);
        let privilege = |round: usize| scenario.kernel[round * ROUND.len() + 1].expect.privilege;
        use Privilege::{Kernel, User};
        let expected = [Kernel, Kernel, User, User, Kernel].map(Some);
        assert_eq!([0, 1, 2, 3, 4].map(privilege), expected);
        // A map of the kind fixed allows no user mode.
        let fixed = of(3 * ROUND.len(), Requested::Fixed);
        assert_eq!(
            fixed.kernel[2 * ROUND.len() + 1].expect.privilege,
            Some(Kernel)
        );
    }

    #[test]
    fn the_map_stays_whatever_is_asked_for() {
        let scenario = of(8, Requested::Fixed);
        let expect = |k: usize| &scenario.kernel[k].expect;
        for k in [0, 1, 2, 3, 6] {
            assert_eq!(expect(k).kind, Some(Kind::Fixed));
            assert_eq!(expect(k).svam, Some(Svam::CalledFixed));
        }
        assert_eq!(expect(1).log, ["efi: rtmap: phys refused"]);
        assert_eq!(expect(3).log, [""; 0]);
        assert_eq!(expect(6).requested, Some(Requested::Auto));
    }

    #[test]
    fn only_our_kernels_count() {
        let scenario = of(8, Requested::Auto);
        let numbers = scenario.kernel.iter().map(|step| step.expect.generation);
        let numbers: Vec<Option<u32>> = numbers.collect();
        let ours = [0, 1, 2, 3].map(Some);
        assert_eq!(numbers[..4], ours);
        assert_eq!(numbers[4..], [None, None, Some(4), Some(5)]);
    }

    #[test]
    fn an_unknown_kind_is_named() {
        assert_eq!("phys".parse::<Requested>().unwrap(), Requested::Phys);
        let error = "virt".parse::<Requested>().unwrap_err().to_string();
        assert!(error.contains("\"virt\"") && error.contains("fixed"));
    }
}
