// SPDX-License-Identifier: GPL-2.0

//! Entries tile the runtime regions, and each page has the right permission.

use super::*;
use crate::plan::{
    base::addr::PhysAddr,
    fixtures::{
        BLANK_ENTRY,
        X86_64, //
    },
    map::entry::{
        split,
        wx_pages, //
    },
};

fn inputs() -> impl Strategy<Value = (Vec<Region>, Vec<Descriptor>)> {
    sound_regions(true).prop_flat_map(|(_, regions)| {
        let entries = attribute_entries(&regions);
        (Just(regions), entries)
    })
}

proptest! {
    #[test]
    fn entries_tile_the_regions((mut regions, attributes) in inputs()) {
        X86_64.lay_out_fixed(&mut regions).unwrap();
        let described = described(&regions, &attributes);
        let mut buffer = vec![BLANK_ENTRY; regions.len() + 2 * attributes.len()];
        let mut entries = List::new(&mut buffer);
        prop_assert_eq!(split(&regions, &described, BASIS, &mut entries), Ok(()));

        let (mut rest, mut writable_code) = (entries.iter(), 0);
        for region in regions.iter().filter(|region| !region.is_temporary()) {
            let (mut at, mut before) = (region.phys.start(), None);
            while at < region.phys.end() {
                let entry = rest.next().unwrap();
                prop_assert_eq!(entry.phys.start(), at, "a gap or an overlap");
                prop_assert!(before != Some(entry.permission), "split for no reason");
                prop_assert_eq!((entry.ty, entry.attributes), (region.ty, region.attributes));
                prop_assert_eq!(
                    entry.virt.value() - region.virt.value(),
                    at.value() - region.phys.start().value()
                );
                for page in 0..entry.phys.pages().count() {
                    let addr = PhysAddr::new(at.value() + page * PAGE_SIZE);
                    let piece = described.iter().find(|piece| piece.phys.contains_addr(addr));
                    let default = Permission::of_type(region.ty);
                    let permission = piece.map_or(default, |p| p.permission);
                    prop_assert_eq!(entry.permission, permission);
                    writable_code += u64::from(permission == Permission::ReadWriteExecute);
                }
                (at, before) = (entry.phys.end(), Some(entry.permission));
            }
            prop_assert_eq!(at, region.phys.end(), "beyond the region");
        }
        prop_assert!(rest.next().is_none(), "an entry outside the runtime regions");
        prop_assert_eq!(wx_pages(&entries).count(), writable_code);
    }
}
