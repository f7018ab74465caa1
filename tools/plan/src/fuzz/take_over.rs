// SPDX-License-Identifier: GPL-2.0

//! The take-over with arbitrary facts and regions: the decision, the layout, and the table for the
//! next kernel.

use super::*;
use crate::plan::{
    base::{
        addr::{
            Pages,
            PhysAddr,
            VirtAddr, //
        },
        kind::{
            Kind,
            Latch,
            Privilege, //
        },
    },
    choice::{
        decide::decide,
        decision::Decision,
        facts::{
            Facts,
            Predecessor, //
        },
        quirk::Quirk,
        request::Request, //
    },
    firmware::{
        memmap::Descriptor,
        memtype::{
            Attributes,
            MemoryType, //
        },
    },
    handover::{
        place::place,
        refusal::InheritError, //
    },
};
use arbitrary::{
    Arbitrary,
    Result,
    Unstructured, //
};

/// The rights that attributes take away: none, writing, execution, and both.
const RIGHTS: [u64; 4] = [0, Attributes::RO.0, Attributes::XP.0, 0x2_4000];

/// `arbitrary` makes facts, an address space, descriptors and memory attributes from the bytes.
pub fn take_over(data: &[u8]) {
    // The only error is that there are too few bytes.
    let _ = run(&mut Unstructured::new(data));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let space = space(u)?;
    let mut facts = facts(u)?;
    let descriptors = descriptors(u)?;
    let map_bytes = bytes_of(&descriptors);
    let memory_map = MemoryMap::new(&map_bytes, DESC_SIZE).expect("whole descriptors");
    let Ok(mut regions) = regions_of(&memory_map, u.arbitrary()?) else {
        assert_eq!(memory_map.runtime_ranges().next(), None, "off");
        return Ok(());
    };
    let attributes = bytes_of(&parts(u, &regions)?);
    let pieces =
        memory_attributes::read(&table(&attributes), &regions, basis(&space)).unwrap_or_default();

    facts.identity_fits = space.identity_fits(&regions);
    facts.fixed_fits = space.fixed_fits(&regions);
    invariants::decision(&facts);
    let Decision::Fresh { kind, .. } = decide(&facts) else {
        return Ok(());
    };
    if kind.is_identity() {
        space.lay_out_identity(&mut regions).expect("as decided");
    } else {
        space.lay_out_fixed(&mut regions).expect("as decided");
        invariants::fixed_layout(&space, &regions);
    }
    let entries = build(&space, &regions, &pieces);

    // The next kernel has the same firmware and the same address space.
    let table = handover::write(kind, &entries);
    let taken = handover::read(&table, &space).expect("what was made here");
    assert_eq!(taken, entries);
    regions.retain(|region| !region.is_temporary());
    let mut again = regions.clone();
    again
        .iter_mut()
        .for_each(|region| region.virt = VirtAddr::new(0));
    assert_eq!(place(&mut again, &taken), Ok(()));
    assert_eq!(again, regions);
    Ok(())
}

/// Chooses a real address space, or a smaller one.
fn space(u: &mut Unstructured<'_>) -> Result<AddressSpace> {
    let space = *u.choose(&SPACES)?;
    let window = (space.layout_top.value() - space.fixed_bottom.value()) >> 12;
    let most = u.arbitrary()?;
    let lost: u32 = u.int_in_range(0..=most)?;
    let bits = u.int_in_range(30..=47)?;
    Ok(AddressSpace {
        fixed_bottom: VirtAddr::new(
            space.fixed_bottom.value() + ((u64::from(lost) % window) << 12),
        ),
        identity_end: PhysAddr::new(space.identity_end.value().min(2 << bits)),
        ..space
    })
}

fn facts(u: &mut Unstructured<'_>) -> Result<Facts> {
    let predecessor = match u.int_in_range(0..=5)? {
        0 => Predecessor::Handover { kind: kind(u)? },
        1 => Predecessor::Legacy { kind: kind(u)? },
        2 => Predecessor::Unusable(InheritError::NoEntries),
        _ => Predecessor::None,
    };
    let latch = match u.int_in_range(0..=5)? {
        0 => Latch::Faulted {
            service: u.arbitrary()?,
        },
        1 => Latch::InCall {
            service: u.arbitrary()?,
            count: u.arbitrary()?,
        },
        _ => Latch::Clear,
    };
    let quirk = u.arbitrary::<bool>()?.then_some(Quirk {
        kind: kind(u)?,
        source: "somewhere",
    });
    let mixed = u.arbitrary()?;
    Ok(Facts {
        request: Request::from_bits(u.arbitrary()?),
        predecessor,
        latch,
        mixed,
        // Only 32-bit firmware cannot return to some kernels.
        in_reach: !mixed || u.arbitrary()?,
        privilege: *u.choose(&Privilege::ALL)?,
        svam_supported: u.arbitrary()?,
        quirk,
        default: kind(u)?,
        identity_fits: Ok(()),
        fixed_fits: Ok(()),
    })
}

fn kind(u: &mut Unstructured<'_>) -> Result<Kind> {
    u.choose(&Kind::ALL).copied()
}

/// Chooses a type that UEFI defines up to 2.10, one for firmware or for loaders, or an undefined
/// one. Types that firmware uses at run time are the most frequent.
fn memory_type(u: &mut Unstructured<'_>) -> Result<MemoryType> {
    Ok(MemoryType(match u.int_in_range(0..=7)? {
        0 => 0x7000_0000 | u32::from(u.arbitrary::<u16>()?),
        1 => 0x8000_0000 | u32::from(u.arbitrary::<u16>()?),
        2 => u.arbitrary()?,
        3 | 4 => u.int_in_range(5..=6)?,
        _ => u.int_in_range(0..=16)?,
    }))
}

/// Makes descriptors. Most are in order and do not overlap. Some reach back into earlier ones.
fn descriptors(u: &mut Unstructured<'_>) -> Result<Vec<Descriptor>> {
    let mut page: u64 = u.int_in_range(0..=1 << 36)?;
    let mut list = Vec::new();
    for _ in 0..u.int_in_range(1..=24)? {
        let gap = match u.int_in_range(0..=7)? {
            0 => u64::from(u.arbitrary::<u32>()?),
            1 => u64::MAX - u64::from(u.arbitrary::<u8>()?),
            2..=4 => u64::from(u.arbitrary::<u8>()?),
            _ => 0,
        };
        let pages = match u.int_in_range(0..=7)? {
            0 => u64::from(u.arbitrary::<u32>()?),
            _ => u64::from(u.arbitrary::<u8>()?),
        };
        page = page.wrapping_add(gap) % (1 << 52);
        let ty = memory_type(u)?;
        let cache = u64::from(u.arbitrary::<u8>()? & 0xf);
        let rights = *u.choose(&RIGHTS)?;
        let usual = ty.is_runtime_services() || ty == MemoryType::MAPPED_IO;
        let runtime = u64::from(usual != u.ratio(1, 8)?);
        list.push(Descriptor {
            ty,
            phys: PhysAddr::new(page << 12),
            virt: VirtAddr::new(0),
            pages: Pages::new(pages),
            attributes: Attributes(runtime << 63 | rights | cache),
        });
        page = page.wrapping_add(pages);
    }
    Ok(list)
}

/// Makes firmware's description of parts of the regions.
fn parts(u: &mut Unstructured<'_>, regions: &[Region]) -> Result<Vec<Descriptor>> {
    let mut list = Vec::new();
    for _ in 0..u.int_in_range(0..=16)? {
        let region = u.choose(regions)?;
        let first = u.int_in_range(0..=region.phys.pages().count() - 1)?;
        let pages = u.int_in_range(1..=region.phys.pages().count() - first)?;
        let rights = *u.choose(&RIGHTS)?;
        list.push(Descriptor {
            phys: PhysAddr::new(region.phys.start().value() + (first << 12)),
            pages: Pages::new(pages),
            attributes: Attributes(Attributes::RUNTIME.0 | rights),
            ..region.descriptor()
        });
    }
    Ok(list)
}

fn bytes_of(descriptors: &[Descriptor]) -> Vec<u8> {
    let mut bytes = vec![0; descriptors.len() * DESC_SIZE];
    for (descriptor, slot) in descriptors.iter().zip(bytes.chunks_exact_mut(DESC_SIZE)) {
        descriptor.write(slot).expect("a slot for one");
    }
    bytes
}

fn table(entries: &[u8]) -> Vec<u8> {
    let header = [2, (entries.len() / DESC_SIZE) as u32, DESC_SIZE as u32, 0];
    let header = header.into_iter().flat_map(u32::to_le_bytes);
    header.chain(entries.iter().copied()).collect()
}
