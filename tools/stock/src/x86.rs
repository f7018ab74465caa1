// SPDX-License-Identifier: GPL-2.0
//! `arch/x86/platform/efi/efi.c` and `efi_64.c`.

use super::*;

/// `EFI_VA_START` and `EFI_VA_END`: addresses go down from the first to the second.
const TOP: u64 = 0xffff_ffff_0000_0000;
const BOTTOM: u64 = 0xffff_ffef_0000_0000;

const LARGE_PAGE: u64 = 2 << 20;
const WB: u64 = 8;
const RESERVED: u32 = 0;

/// The argument of SVAM, in its order: `efi_map_regions()`.
pub(super) fn regions(map: &[Descriptor], bits: u32) -> Vec<Region> {
    let mut map: Vec<_> = map.iter().copied().filter(is_valid).collect();
    merge(&mut map);
    if bits == 32 {
        return map
            .into_iter()
            .filter(is_mapped)
            .map(|descriptor| Region {
                descriptor,
                virt: Some(descriptor.phys),
            })
            .collect();
    }
    let mut top = TOP;
    let wanted = map.into_iter().rev().filter(is_mapped);
    wanted
        .map(|descriptor| place(descriptor, &mut top))
        .collect()
}

/// `efi_merge_regions()`.
fn merge(map: &mut [Descriptor]) {
    let mut before = 0;
    for index in 1..map.len() {
        let (first, next) = (map[before], map[index]);
        let same = (first.ty, first.attribute) == (next.ty, next.attribute);
        if same && first.phys + first.pages * PAGE == next.phys {
            map[before].pages += next.pages;
            (map[index].ty, map[index].attribute) = (RESERVED, 0);
        } else {
            before = index;
        }
    }
}

/// `should_map_region()`, without the memory that only the kernel needs for 32-bit calls.
fn is_mapped(d: &Descriptor) -> bool {
    d.attribute & RUNTIME != 0 || BOOT_SERVICES.contains(&d.ty)
}

/// `efi_map_region()`.
fn place(descriptor: Descriptor, top: &mut u64) -> Region {
    let below = top.wrapping_sub(descriptor.pages * PAGE);
    let offset = descriptor.phys % LARGE_PAGE;
    let mut virt = below - below % LARGE_PAGE + offset;
    if virt > below {
        virt -= LARGE_PAGE;
    }
    *top = virt;
    Region {
        descriptor,
        virt: (virt >= BOTTOM).then_some(virt),
    }
}

/// The ranges after boot services memory has been unmapped: `efi_unmap_boot_services()`. A kernel
/// with `debug` does not unmap it.
pub(super) fn mapped(firmware: &Firmware<'_>, debug: bool) -> Vec<Mapped> {
    let mut regions = firmware.regions();
    let runtime = |region: &Region| region.descriptor.attribute & RUNTIME != 0;
    regions.retain(|region| debug || runtime(region));
    let mut mapped = Vec::new();
    for region in &regions {
        map_region(&mut mapped, region);
    }
    map(&mut mapped, FIRST_PAGE);
    regions.retain(runtime);
    for (part, virt) in attributes::valid(firmware, &regions) {
        // `efi_update_mem_attr()`
        let rights = Rights {
            write: part.attribute & RO == 0,
            execute: part.attribute & XP == 0,
        };
        for virt in [part.phys, virt] {
            let part = Mapped {
                phys: part.phys,
                virt,
                pages: part.pages,
                rights,
                cached: true,
            };
            map(&mut mapped, part);
        }
    }
    mapped
}

/// `efi_setup_page_tables()`, after the regions.
const FIRST_PAGE: Mapped = Mapped {
    phys: 0,
    virt: 0,
    pages: 1,
    rights: Rights {
        write: true,
        execute: false,
    },
    cached: true,
};

/// `__map_region()`, for the 1:1 address and for the address that SVAM gets.
fn map_region(mapped: &mut Vec<Mapped>, region: &Region) {
    let d = region.descriptor;
    let rights = Rights {
        write: true,
        execute: [BOOT_CODE, CODE].contains(&d.ty),
    };
    for virt in [Some(d.phys), region.virt].into_iter().flatten() {
        let region = Mapped {
            phys: d.phys,
            virt,
            pages: d.pages,
            rights,
            cached: d.attribute & WB != 0,
        };
        map(mapped, region);
    }
}

/// `kernel_map_pages_in_pgd()`: the given number of pages, from the page of the start on. A page
/// that is already mapped gets these rights, and stays uncached if it was uncached.
fn map(mapped: &mut Vec<Mapped>, new: Mapped) {
    let offset = new.virt % PAGE;
    let new = Mapped {
        phys: new.phys - offset,
        virt: new.virt - offset,
        ..new
    };
    let parts = mapped.iter().filter_map(|m| m.within(new.virt, new.pages));
    let uncached: Vec<_> = parts.filter(|m| !m.cached).collect();
    mapped.push(new);
    mapped.extend(uncached.into_iter().map(|m| Mapped {
        rights: new.rights,
        ..m
    }));
}
