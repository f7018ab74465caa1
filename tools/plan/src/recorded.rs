// SPDX-License-Identifier: GPL-2.0

//! Recorded firmware: all functions of the plan, with the facts of real firmware. A recording is a
//! file in `recorded/`, from `rtmap-record` or from a public report. To add a recording, add a
//! file.

extern crate std;

mod addresses;
mod attributes;
mod cases;
mod damage;
mod handover;
mod like_stock;
mod machines;

use crate::{
    invariants,
    plan::{
        base::{
            addr::{
                PhysAddr,
                VirtAddr, //
            },
            list::List,
        },
        firmware::{
            memattr::{
                AttributesError,
                Header, //
            },
            memmap::MemoryMap,
            memtype::{
                Attributes,
                MemoryType, //
            },
            perm::Basis, //
        },
        fixtures::{
            ARM64,
            ARM64_39,
            ARM64_64K,
            X86_64, //
        },
        map::{
            collect::collect,
            entry::{
                split,
                Entry, //
            },
            layout::AddressSpace,
            mapping::Mapping,
            pages::{
                mappings,
                most, //
            },
            pieces::{
                self,
                Piece, //
            },
            region::Region, //
        },
    },
};
use efi_rtmap_record::{
    recording::Descriptor,
    Recording, //
};
use efi_rtmap_stock::{
    Firmware,
    Machine, //
};
use std::{
    fs,
    path::Path,
    println,
    string::String,
    vec,
    vec::Vec, //
};

const ARM64_42: AddressSpace = AddressSpace {
    fixed_top: VirtAddr::new(1 << 42),
    identity_end: PhysAddr::new(1 << 42),
    ..ARM64
};

/// A recorded firmware.
struct Recorded {
    name: String,
    /// The firmware as it was recorded.
    recording: Recording,
    /// The descriptors as firmware gave them, without the changes of kernels.
    descriptors: Vec<Descriptor>,
    map: Vec<u8>,
    space: AddressSpace,
    basis: Basis,
}

fn all() -> impl Iterator<Item = Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| Recorded::read(&path))
}

/// Runs `test` with every recording, and prints the names.
fn with_each(test: impl Fn(&Recorded)) {
    let mut found = 0;
    for recorded in all() {
        println!("{}", recorded.name);
        test(&recorded);
        found += 1;
    }
    assert!(found > 0, "no recording");
}

impl Recorded {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let recording: Recording =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (space, basis) = match &*recording.architecture {
            "x86_64" => (X86_64, Basis::Table),
            "aarch64" => (ARM64, Basis::MapAndTable),
            other => panic!("{}: architecture {other}", path.display()),
        };
        let mut map = recording.firmware.memory_map.clone();
        for descriptor in &mut map.descriptors {
            descriptor.virt = 0;
            // On x86, Linux marks boot services memory that it wants to keep.
            if MemoryType(descriptor.ty).is_boot_services() {
                descriptor.attribute &= !Attributes::RUNTIME.0;
            }
        }
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            map: map.bytes(),
            descriptors: map.descriptors,
            recording,
            space,
            basis,
        }
    }

    /// The address spaces of kernels for the recording's architecture.
    fn spaces(&self) -> Vec<AddressSpace> {
        match &*self.recording.architecture {
            "x86_64" => vec![X86_64],
            _ => vec![ARM64, ARM64_42, ARM64_39, ARM64_64K],
        }
    }

    /// Stock with the pages of `space`. On arm64, `svam` says that its stub has called SVAM.
    fn machine(&self, space: &AddressSpace, svam: bool) -> Machine {
        match &*self.recording.architecture {
            "x86_64" => Machine::X86 {
                bits: self.recording.firmware.bits,
                debug: false,
            },
            _ => Machine::Arm64 {
                page: space.page,
                svam,
            },
        }
    }

    /// Stock's treatment of this firmware on `machine`.
    fn stock(&self, machine: Machine) -> Firmware<'_> {
        Firmware {
            machine,
            map: &self.descriptors,
            descriptor_size: self.recording.firmware.memory_map.descriptor_size,
            attributes: self.recording.firmware.memory_attributes.as_ref(),
        }
    }

    /// The layouts that `space` has room for: 1:1, and fixed unless its addresses are too long for
    /// firmware. The regions are those of firmware at run time.
    fn layouts(&self, space: &AddressSpace) -> [Option<Vec<Region>>; 2] {
        let runtime = |mut regions: Vec<Region>| {
            regions.retain(|region| !region.is_temporary());
            regions
        };
        let boot_services = self.recording.architecture == "x86_64";
        let (mut identity, mut fixed) = (self.regions(boot_services), self.regions(boot_services));
        let identity = space
            .lay_out_identity(&mut identity)
            .is_ok()
            .then_some(identity);
        let long = self.recording.firmware.bits == 64;
        let fits = long && space.lay_out_fixed(&mut fixed).is_ok();
        [identity.map(runtime), fits.then(|| runtime(fixed))]
    }

    fn memory_map(&self) -> MemoryMap<'_> {
        let map = &self.recording.firmware.memory_map;
        let size = usize::try_from(map.descriptor_size).unwrap();
        MemoryMap::new(&self.map, size).unwrap()
    }

    fn regions(&self, boot_services: bool) -> Vec<Region> {
        regions_of(&self.memory_map(), boot_services)
    }

    /// The pieces of the memory attributes table, if there is one, and the number of its entries
    /// that are ignored.
    fn described(&self) -> Result<(Vec<Piece>, usize), AttributesError> {
        let Some(table) = &self.recording.firmware.memory_attributes else {
            return Ok((Vec::new(), 0));
        };
        let (bytes, regions) = (table.bytes(), self.regions(false));
        let mut buffer = vec![Piece::BLANK; Header::new(&bytes)?.entries()];
        let mut list = List::new(&mut buffer);
        let ignored = pieces::pieces(&bytes, &regions, self.basis, &mut list)?;
        invariants::pieces(&list, &regions);
        Ok((list.to_vec(), ignored))
    }

    /// The parts with a permission of their own. There are none if the table cannot be used.
    fn pieces(&self) -> Vec<Piece> {
        self.described()
            .map(|(pieces, _)| pieces)
            .unwrap_or_default()
    }

    fn entries(&self, regions: &[Region]) -> Vec<Entry> {
        let pieces = self.pieces();
        let mut buffer = vec![Entry::BLANK; regions.len() + 2 * pieces.len()];
        let mut entries = List::new(&mut buffer);
        split(regions, &pieces, self.basis, &mut entries).unwrap();
        invariants::tiling(regions, &pieces, self.basis, &entries);
        entries.to_vec()
    }

    /// Page tables for `regions`, checked, with their 1:1 aliases.
    fn page_tables(&self, regions: &[Region], space: &AddressSpace) -> Vec<Mapping> {
        let entries = self.entries(regions);
        let mut buffer = vec![Mapping::BLANK; most(entries.len(), space.page)];
        let mut list = List::new(&mut buffer);
        mappings(&entries, space, &mut list).unwrap();
        invariants::mappings(&list, space.page);
        list.to_vec()
    }

    /// The recorded descriptors of memory that firmware uses at run time.
    fn runtime(&self) -> impl Iterator<Item = &Descriptor> {
        let all = self.recording.firmware.memory_map.descriptors.iter();
        all.filter(|d| d.attribute & Attributes::RUNTIME.0 != 0)
            .filter(|d| !MemoryType(d.ty).is_boot_services())
    }
}

fn regions_of(map: &MemoryMap<'_>, boot_services: bool) -> Vec<Region> {
    let mut buffer = vec![Region::BLANK; map.len()];
    let mut list = List::new(&mut buffer);
    collect(map, boot_services, &mut list).unwrap();
    invariants::regions(&list);
    list.to_vec()
}

/// Numbers that look random, and are the same each time.
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
