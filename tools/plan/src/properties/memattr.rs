// SPDX-License-Identifier: GPL-2.0

//! The memory attributes table: only sound pieces are found, and none is lost.

use super::*;
use crate::plan::{
    base::addr::{
        PhysAddr,
        PhysRange, //
    },
    firmware::memattr::Header,
};

fn read(bytes: &[u8], regions: &[Region]) -> Result<(Vec<Piece>, usize), AttributesError> {
    let mut buffer = vec![BLANK_PIECE; Header::new(bytes)?.entries()];
    let mut list = List::new(&mut buffer);
    let ignored = pieces(bytes, regions, BASIS, &mut list)?;
    Ok((list.to_vec(), ignored))
}

fn with_entries() -> impl Strategy<Value = (Vec<Region>, Vec<Descriptor>)> {
    sound_regions(true).prop_flat_map(|(_, regions)| {
        let entries = attribute_entries(&regions);
        (Just(regions), entries)
    })
}

/// Tells if `entry` describes a part of one runtime region of its own type.
fn belongs(entry: &Descriptor, regions: &[Region]) -> bool {
    let bytes = |pages: u64| pages * PAGE_SIZE;
    let end = entry.phys.value() + bytes(entry.pages.count());
    regions.iter().any(|region| {
        let of_type = region.ty == entry.ty && entry.ty.is_runtime_services();
        let (start, stop) = (region.phys.start().value(), region.phys.end().value());
        of_type && start <= entry.phys.value() && end <= stop
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..300), (_, regions) in sound_regions(true)) {
        if let Ok((pieces, _)) = read(&bytes, &regions) {
            invariants::pieces(&pieces, &regions);
        }
    }

    #[test]
    fn no_damage_panics(
        (regions, entries) in with_entries(),
        damage in vec((any::<Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut bytes = attribute_bytes(&entries);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.map_or(bytes.len(), |at| at.index(bytes.len())));
        if let Ok((pieces, _)) = read(&bytes, &regions) {
            invariants::pieces(&pieces, &regions);
        }
    }

    #[test]
    fn firmware_can_write_and_execute_something((regions, entries) in with_entries()) {
        let services = || regions.iter().filter(|r| !r.is_temporary() && r.ty.is_runtime_services());
        let every_page = |test: &dyn Fn(&Region, PhysAddr) -> bool| {
            services().all(|region| {
                let start = region.phys.start().value();
                let mut pages = (0..region.phys.pages().count()).map(|n| start + n * PAGE_SIZE);
                pages.all(|addr| test(region, PhysAddr::new(addr)))
            })
        };
        let mut buffer = vec![BLANK_PIECE; entries.len()];
        let mut list = List::new(&mut buffer);
        let result = pieces(&attribute_bytes(&entries), &regions, BASIS, &mut list);
        let taken = match result {
            Ok(_) => None,
            Err(AttributesError::NothingWritable) => Some(Attributes::RO),
            Err(AttributesError::NothingExecutable) => Some(Attributes::XP),
            Err(error) => return Err(TestCaseError::fail(std::format!("{error}"))),
        };
        if let Some(taken) = taken {
            // The table is refused for a reason, and no piece of it is left.
            prop_assert!(list.is_empty());
            let says = |addr: PhysAddr| entries.iter().any(|entry| {
                let range = PhysRange::new(entry.phys, entry.pages).unwrap();
                range.contains_addr(addr) && entry.attributes.has(taken)
            });
            let so = every_page(&|region, addr| {
                let data = region.ty == MemoryType::RUNTIME_SERVICES_DATA;
                says(addr) || data && taken == Attributes::XP
            });
            prop_assert!(so, "something could be used");
            return Ok(());
        }
        let permission = |region: &Region, addr| {
            let piece = list.iter().find(|piece| piece.phys.contains_addr(addr));
            piece.map_or(Permission::of_type(region.ty), |piece| piece.permission)
        };
        let none = services().count() == 0;
        let code = services().any(|region| region.ty == MemoryType::RUNTIME_SERVICES_CODE);
        prop_assert!(none || !every_page(&|r, addr| !permission(r, addr).writes()));
        prop_assert!(!code || !every_page(&|r, addr| !permission(r, addr).executes()));
    }

    #[test]
    fn keeps_what_is_sound((regions, entries) in with_entries()) {
        let Ok((pieces, ignored)) = read(&attribute_bytes(&entries), &regions) else {
            return Ok(());
        };
        invariants::pieces(&pieces, &regions);
        prop_assert_eq!(pieces.len() + ignored, entries.len());
        for piece in &pieces {
            let source = |entry: &&Descriptor| {
                entry.phys == piece.phys.start() && entry.pages == piece.phys.pages()
            };
            let mut sources = entries.iter().filter(source);
            let said = sources.any(|entry| {
                let read_only = entry.attributes.has(Attributes::RO);
                let no_execute = entry.attributes.has(Attributes::XP);
                let given = piece.permission;
                belongs(entry, &regions)
                    && given.writes() != read_only
                    && given.executes() != no_execute
            });
            prop_assert!(said, "no entry says so");
        }
        for entry in entries.iter().filter(|entry| belongs(entry, &regions)) {
            let end = entry.phys.value() + entry.pages.count() * PAGE_SIZE;
            let (first, last) = (entry.phys.value(), end - PAGE_SIZE);
            let met = |piece: &Piece| {
                piece.phys.start().value() <= last && first < piece.phys.end().value()
            };
            prop_assert!(pieces.iter().any(met), "lost without a piece in its way");
        }
    }
}
