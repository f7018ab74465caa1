// SPDX-License-Identifier: GPL-2.0
//! `drivers/firmware/efi/arm-runtime.c`, `arch/arm64/kernel/efi.c`, and libstub's `efi-stub.c`.

use super::*;

/// `EFI_RT_VIRTUAL_BASE`: addresses go up from here.
const BASE: u64 = 512 << 20;
const BLOCK: u64 = 64 << 10;
const LARGE_PAGE: u64 = 2 << 20;
const WP: u64 = 1 << 12;
const RP: u64 = 1 << 13;

/// `efi_get_virtmap()` of the stub.
pub(super) fn regions(map: &[Descriptor], svam: bool) -> Vec<Region> {
    let mut base = BASE;
    let runtime = map.iter().filter(|d| d.attribute & RUNTIME != 0);
    runtime
        .filter(|d| is_valid(d))
        .map(|&descriptor| Region {
            descriptor,
            virt: Some(match svam {
                true => place(&descriptor, &mut base),
                false => descriptor.phys,
            }),
        })
        .collect()
}

fn place(d: &Descriptor, base: &mut u64) -> u64 {
    let offset = d.phys % BLOCK;
    let size = d.pages * PAGE + offset;
    let large = d.phys % LARGE_PAGE == 0 && size >= LARGE_PAGE;
    let start = base.next_multiple_of(if large { LARGE_PAGE } else { BLOCK });
    *base = start + size;
    start + offset
}

/// `efi_virtmap_init()`.
pub(super) fn mapped(firmware: &Firmware<'_>, page: u64) -> Vec<Mapped> {
    let regions = firmware.regions();
    let mut code_is_misaligned = false;
    let mut mapped = Vec::new();
    for Region { descriptor, virt } in &regions {
        // `__create_pgd_mapping_locked()`: all pages that hold a part of the region.
        let offset = descriptor.phys % page;
        let bytes = descriptor.pages * PAGE + offset;
        mapped.push(Mapped {
            phys: descriptor.phys - offset,
            virt: virt.expect("there is room for all") - offset,
            pages: bytes.next_multiple_of(page) / PAGE,
            rights: protection(descriptor, page, &mut code_is_misaligned),
            cached: descriptor.ty != DEVICE,
        });
    }
    for (part, virt) in attributes::valid(firmware, &regions) {
        if !is_misaligned(&part, page) {
            restrict(&mut mapped, &part, virt);
        }
    }
    mapped
}

/// `region_is_misaligned()`.
fn is_misaligned(d: &Descriptor, page: u64) -> bool {
    page != PAGE && (d.phys % page != 0 || d.pages * PAGE % page != 0)
}

/// `create_mapping_protection()`.
fn protection(d: &Descriptor, page: u64, code_is_misaligned: &mut bool) -> Rights {
    let rights = |write, execute| Rights { write, execute };
    let has = |bits| d.attribute & bits == bits;
    if d.ty == DEVICE {
        return rights(true, false);
    }
    if is_misaligned(d, page) {
        *code_is_misaligned |= d.ty == CODE;
        return rights(true, *code_is_misaligned);
    }
    if has(RO | XP) {
        rights(false, false)
    } else if has(RO) {
        rights(false, true)
    } else if d.attribute & (RP | WP | XP) == XP || d.ty != CODE {
        rights(true, false)
    } else {
        rights(true, true)
    }
}

/// `set_permissions()`: it only takes rights away.
fn restrict(mapped: &mut Vec<Mapped>, part: &Descriptor, virt: u64) {
    let before = mapped.clone();
    let parts = before.iter().filter_map(|m| m.within(virt, part.pages));
    mapped.extend(parts.map(|m| Mapped {
        rights: Rights {
            write: m.rights.write && part.attribute & RO == 0,
            execute: m.rights.execute && part.attribute & XP == 0,
        },
        ..m
    }));
}
