// SPDX-License-Identifier: GPL-2.0

//! Layout: the same as in stock Linux, and always within the address space.

use super::*;
use crate::plan::{
    base::addr::{
        Pages,
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    fixtures::{
        ARM64,
        X86_64, //
    },
    map::layout::{
        AddressSpace,
        LayoutError, //
    },
};

const LARGE_PAGE: i128 = 2 << 20;

/// Regions in any order, up to some GiB.
fn any_regions() -> impl Strategy<Value = Vec<Region>> {
    let pages = prop_oneof![
        4 => 1u64..0x1000,
        1 => 1u64..0x40_0000,
        2 => (1u64..8).prop_map(|large| large << 9),
    ];
    let start = prop_oneof![
        4 => 0u64..1 << 30,
        4 => (0u64..1 << 21).prop_map(|large| large << 9),
        1 => X86_64.identity_end.value() / PAGE_SIZE - 8..1 << 36,
    ];
    let one = (start, pages, any::<u64>()).prop_map(|(start, pages, virt)| Region {
        phys: PhysRange::new(PhysAddr::new(start * PAGE_SIZE), Pages::new(pages)).unwrap(),
        virt: VirtAddr::new(virt),
        ..BLANK_REGION
    });
    vec(one, 1..10)
}

/// The x86-64 window, and smaller ones.
fn any_space() -> impl Strategy<Value = AddressSpace> {
    prop_oneof![Just(0u64), 0u64..0x1_0000_0000].prop_map(|pages| {
        let window = X86_64.fixed_top.value() - X86_64.fixed_bottom.value();
        let lost = (pages * PAGE_SIZE) % window;
        AddressSpace {
            fixed_bottom: VirtAddr::new(X86_64.fixed_bottom.value() + lost),
            ..X86_64
        }
    })
}

/// The address spaces of arm64 kernels: all address sizes and page sizes.
fn arm64() -> impl Strategy<Value = AddressSpace> {
    let bits = select(vec![36, 39, 42, 47, 48, 52]);
    let page = select(vec![4u64 << 10, 16 << 10, 64 << 10]);
    (bits, page).prop_map(|(bits, page)| AddressSpace {
        fixed_top: VirtAddr::new(1 << bits),
        identity_end: PhysAddr::new(1 << bits),
        page,
        ..ARM64
    })
}

/// The rule of stock's `efi_map_region()` in other words. Some addresses leave room below the
/// region mapped before, and have the offset of `start` within a large page. The highest of them is
/// taken.
fn stock_address(top: i128, start: u64, bytes: u64) -> i128 {
    let highest = top - i128::from(bytes);
    highest - (highest - i128::from(start)).rem_euclid(LARGE_PAGE)
}

/// The addresses at which stock maps `ranges`: from the last range to the first, down from the top
/// of the window. They are returned in that order.
fn stock_addresses(ranges: &[(u64, u64)]) -> Vec<i128> {
    let place = |top: &mut i128, &(start, bytes): &(u64, u64)| {
        *top = stock_address(*top, start, bytes);
        Some(*top)
    };
    let top = i128::from(X86_64.fixed_top.value());
    ranges.iter().rev().scan(top, place).collect()
}

proptest! {
    #[test]
    fn fixed_is_what_stock_does(mut regions in any_regions(), space in any_space()) {
        let ranges: Vec<_> =
            regions.iter().map(|r| (r.phys.start().value(), r.phys.bytes())).collect();
        let expected = stock_addresses(&ranges);
        let bottom = i128::from(space.fixed_bottom.value());
        let refused = regions.iter().rev().zip(&expected).find_map(|(region, &at)| {
            (at < bottom).then_some(LayoutError::Exhausted(region.phys))
        });
        let fits = space.fixed_fits(&regions);
        let result = space.lay_out_fixed(&mut regions);
        prop_assert_eq!(fits, result);
        prop_assert_eq!(result.err(), refused);
        if result.is_ok() {
            let got = regions.iter().rev().map(|region| i128::from(region.virt.value()));
            prop_assert!(got.eq(expected));
        }
    }

    #[test]
    fn fixed_keeps_its_promises(
        mut regions in prop_oneof![
            any_regions(),
            sound_regions(true).prop_map(|(_, regions)| regions),
        ],
        space in prop_oneof![any_space(), arm64()],
    ) {
        if space.lay_out_fixed(&mut regions).is_ok() {
            invariants::fixed_layout(&space, &regions);
        }
    }

    #[test]
    fn fixed_is_the_same_for_every_arm64_kernel(
        regions in any_regions(),
        (one, other) in (arm64(), arm64()),
    ) {
        let (mut first, mut second) = (regions.clone(), regions);
        prop_assert_eq!(one.lay_out_fixed(&mut first), other.lay_out_fixed(&mut second));
        prop_assert_eq!(first, second);
    }

    #[test]
    fn merging_changes_no_address((map, mut regions) in sound_regions(true)) {
        X86_64.lay_out_fixed(&mut regions).unwrap();
        let mapped = map.iter().filter(|d| d.ty != MemoryType::CONVENTIONAL_MEMORY);
        let ranges: Vec<_> =
            mapped.map(|d| (d.phys.value(), d.pages.count() * PAGE_SIZE)).collect();
        for ((start, _), at) in ranges.iter().rev().zip(stock_addresses(&ranges)) {
            let start = PhysAddr::new(*start);
            let home = regions.iter().find(|region| region.phys.contains_addr(start)).unwrap();
            let virt = home.virt.value() + (start.value() - home.phys.start().value());
            prop_assert_eq!(i128::from(virt), at);
        }
    }

    #[test]
    fn identity_takes_all_or_changes_nothing(mut regions in any_regions()) {
        let before = regions.clone();
        let fits = regions.iter().all(|region| region.phys.end() <= X86_64.identity_end);
        prop_assert_eq!(X86_64.lay_out_identity(&mut regions).is_ok(), fits);
        if fits {
            prop_assert!(regions.iter().all(|r| r.virt.value() == r.phys.start().value()));
        } else {
            prop_assert_eq!(regions, before);
        }
    }
}
