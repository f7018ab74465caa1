// SPDX-License-Identifier: GPL-2.0

//! Recorded firmware: all that the plan does, with what real firmware said. A recording is a file in
//! `recorded/`, made by `rtmap-record`; nothing else has to be done to add one.

extern crate std;

mod addresses;
mod attributes;
mod damage;
mod handover;

use crate::{
    invariants,
    plan::{
        entry::{
            split,
            Entry, //
        },
        fixtures::{
            ARM64,
            ARM64_39,
            ARM64_64K,
            X86_64, //
        },
        layout::AddressSpace,
        list::List,
        memattr::{
            self,
            Header,
            Piece, //
        },
        memmap::MemoryMap,
        memtype::{
            Attributes,
            MemoryType, //
        },
        region::{
            collect,
            Region, //
        },
    },
};
use efi_rtmap_record::{
    recording::Descriptor,
    Recording, //
};
use std::{
    fs,
    path::Path,
    println,
    string::String,
    vec,
    vec::Vec, //
};

/// A recorded firmware.
struct Recorded {
    name: String,
    /// As it was recorded.
    recording: Recording,
    /// As firmware gave it: without what kernels write into it.
    map: Vec<u8>,
    space: AddressSpace,
}

/// Runs `test` with every recording, and says which.
fn with_each(test: impl Fn(&Recorded)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded");
    let mut found = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let recorded = Recorded::read(&path);
            println!("{}", recorded.name);
            test(&recorded);
            found += 1;
        }
    }
    assert!(found > 0, "no recording in {}", folder.display());
}

impl Recorded {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let recording: Recording =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let space = match &*recording.architecture {
            "x86_64" => X86_64,
            "aarch64" => ARM64,
            other => panic!("{}: architecture {other}", path.display()),
        };
        let mut map = recording.firmware.memory_map.clone();
        for descriptor in &mut map.descriptors {
            descriptor.virt = 0;
            // Linux marks boot services memory that it wants to keep on x86.
            if MemoryType(descriptor.ty).is_boot_services() {
                descriptor.attribute &= !Attributes::RUNTIME.0;
            }
        }
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            map: map.bytes(),
            recording,
            space,
        }
    }

    fn memory_map(&self) -> MemoryMap<'_> {
        let map = &self.recording.firmware.memory_map;
        let size = usize::try_from(map.descriptor_size).unwrap();
        MemoryMap::new(&self.map, size).unwrap()
    }

    fn regions(&self, boot_services: bool) -> Vec<Region> {
        regions_of(&self.memory_map(), boot_services)
    }

    /// What the memory attributes table says, and how many of its entries say nothing.
    fn pieces(&self) -> (Vec<Piece>, usize) {
        let Some(table) = &self.recording.firmware.memory_attributes else {
            return (Vec::new(), 0);
        };
        let (bytes, regions) = (table.bytes(), self.regions(false));
        let mut buffer = vec![Piece::BLANK; Header::new(&bytes).unwrap().entries()];
        let mut list = List::new(&mut buffer);
        let ignored = memattr::pieces(&bytes, &regions, &mut list).unwrap();
        invariants::pieces(&list, &regions);
        (list.to_vec(), ignored)
    }

    fn entries(&self, regions: &[Region]) -> Vec<Entry> {
        let (pieces, _) = self.pieces();
        let mut buffer = vec![Entry::BLANK; regions.len() + 2 * pieces.len()];
        let mut entries = List::new(&mut buffer);
        split(regions, &pieces, &mut entries).unwrap();
        invariants::tiling(regions, &pieces, &entries);
        entries.to_vec()
    }

    /// The descriptors of what firmware uses at run time, as they were recorded.
    fn runtime(&self) -> impl Iterator<Item = &Descriptor> {
        let all = self.recording.firmware.memory_map.descriptors.iter();
        all.filter(|d| d.attribute & Attributes::RUNTIME.0 != 0)
            .filter(|d| !MemoryType(d.ty).is_boot_services())
    }
}

fn regions_of(map: &MemoryMap<'_>, boot_services: bool) -> Vec<Region> {
    let mut buffer = vec![Region::BLANK; map.iter().count()];
    let mut list = List::new(&mut buffer);
    collect(map, boot_services, &mut list).unwrap();
    invariants::regions(&list);
    list.to_vec()
}

/// Numbers that look like chance, and are the same each time.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn every_runtime_descriptor_is_in_one_region() {
    with_each(|firmware| {
        assert!(firmware.memory_map().has_free_memory());
        let regions = firmware.regions(false);
        let mut pages = 0;
        for descriptor in firmware.runtime() {
            let (first, last) = (
                descriptor.phys,
                descriptor.phys + (descriptor.pages - 1) * 4096,
            );
            let holds = |region: &&Region| {
                let (start, end) = (region.phys.start().value(), region.phys.end().value());
                start <= first && last < end
            };
            assert_eq!(regions.iter().filter(holds).count(), 1, "{descriptor:x?}");
            pages += descriptor.pages;
        }
        let collected = regions.iter().map(|region| region.phys.pages().count());
        assert_eq!(collected.sum::<u64>(), pages, "more than is described");
    });
}
