// SPDX-License-Identifier: GPL-2.0

//! The plan beside the model of stock: the plan maps everything that stock maps for firmware.

extern crate std;

use crate::plan::{
    firmware::memtype::MemoryType,
    map::mapping::Mapping, //
};
use efi_rtmap_stock::{
    at,
    Machine,
    Mapped,
    Rights,
    PAGE, //
};
use std::vec::Vec;

/// Asserts that `ours` has all of `theirs`, which stock maps on `machine`. If both use the same
/// facts of firmware (`strict`), the rights are the same too.
///
/// Pages larger than 4 KiB that regions share have more rights than each region asks for. In stock,
/// the order of the regions decides on them. There, ours must not be writable and executable if
/// stock's are not.
pub(crate) fn assert_not_less(ours: &[Mapping], theirs: &[Mapped], machine: Machine, strict: bool) {
    for virt in edges(ours, theirs) {
        let Some(their) = at(theirs, virt) else {
            continue;
        };
        let (phys, rights) = (their.phys + (virt - their.virt), their.rights);
        let home = ours
            .iter()
            .find(|m| virt.wrapping_sub(m.virt.value()) < m.phys.bytes());
        let own = is_first_page(machine, virt);
        if own && home.is_none() {
            continue;
        }
        let home = home.unwrap_or_else(|| panic!("{virt:#x}, memory {phys:#x}, is not mapped"));
        assert_eq!(home.phys.start().value() + (virt - home.virt.value()), phys);
        let given = Rights {
            write: home.permission.writes(),
            execute: home.permission.executes(),
        };
        let (page, cached) = match machine {
            Machine::X86 { .. } => (PAGE, home.attributes.is_cached()),
            Machine::Arm64 { page, .. } => (page, home.ty != MemoryType::MAPPED_IO),
        };
        assert_eq!(cached, their.cached, "{virt:#x}");
        if own {
            assert!(given.write && (given.execute || !rights.execute));
        } else if page == PAGE && strict {
            assert_eq!(given, rights, "{virt:#x}");
        } else if strict && !home.shared {
            let wx = |rights: Rights| rights.write && rights.execute;
            assert!(wx(rights) || !wx(given), "{virt:#x}: {given:?} {rights:?}");
        }
    }
}

/// Tells if this is the first page of x86. Stock maps it in any case, and not executable, even if
/// it is a region. Ours maps it before the regions, outside the plan. If it is a region, it has the
/// region's rights.
pub(crate) fn is_first_page(machine: Machine, virt: u64) -> bool {
    matches!(machine, Machine::X86 { .. }) && virt < PAGE
}

/// The first and the last page of every range: what is true there is true in between.
fn edges(ours: &[Mapping], theirs: &[Mapped]) -> Vec<u64> {
    let ours = ours.iter().map(|m| (m.virt.value(), m.phys.bytes()));
    let theirs = theirs.iter().map(|m| (m.virt, m.pages * PAGE));
    let ranges = ours.chain(theirs);
    let mut edges: Vec<_> = ranges
        .flat_map(|(start, bytes)| {
            let end = start.wrapping_add(bytes);
            [start.wrapping_sub(PAGE), start, end.wrapping_sub(PAGE), end]
        })
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}
