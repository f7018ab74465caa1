// SPDX-License-Identifier: GPL-2.0

//! Memory maps for SVAM and for successors: new maps, and addresses in the firmware's own map.

use crate::plan::{
    base::{
        addr::VirtAddr,
        bytes::write_fields, //
    },
    firmware::{
        memmap::{
            Descriptor,
            DescriptorBytes,
            DESCRIPTOR_SIZE, //
        },
        memtype::Attributes,
    },
    map::region::Region,
};

/// Writes `regions`, in their order, as a memory map into `bytes`. Each descriptor has `desc_size`
/// bytes. Returns the size used, or [`None`] if they do not fit.
// This is for x86, where the kernel proper calls SVAM.
#[cfg_attr(CONFIG_ARM64, allow(dead_code))]
pub(crate) fn encode(regions: &[Region], desc_size: usize, bytes: &mut [u8]) -> Option<usize> {
    if desc_size < DESCRIPTOR_SIZE {
        return None;
    }
    let size = regions.len().checked_mul(desc_size)?;
    let target = bytes.get_mut(..size)?;
    target.fill(0);
    for (region, slot) in regions.iter().zip(target.chunks_exact_mut(desc_size)) {
        region.descriptor().write(slot)?;
    }
    Some(size)
}

/// Writes addresses into the memory map in `bytes`, whose descriptors have `desc_size` bytes. Every
/// runtime descriptor gets its address in `regions`, and the runtime attribute if firmware has left
/// that out. Everything else stays as firmware wrote it, invalid descriptors too. [`None`] if the
/// size of a descriptor is not valid.
// This is for arm64, where the stub calls SVAM.
#[cfg_attr(CONFIG_X86_64, allow(dead_code))]
pub(crate) fn annotate(regions: &[Region], desc_size: usize, bytes: &mut [u8]) -> Option<()> {
    if desc_size < DESCRIPTOR_SIZE {
        return None;
    }
    for slot in bytes.chunks_exact_mut(desc_size) {
        let descriptor = Descriptor::read(slot)?;
        if let Some(virt) = address_of(&descriptor, regions) {
            let attributes = descriptor.attributes.with(Attributes::RUNTIME);
            let slot = slot.first_chunk_mut()?;
            write_fields!(
                slot,
                DescriptorBytes {
                    virt: virt.value(),
                    attributes: attributes.0,
                }
            );
        }
    }
    Some(())
}

/// The address in `regions` of the memory of `descriptor`. This memory may be a part of a region:
/// neighbours were merged, and so were regions that overlap.
fn address_of(descriptor: &Descriptor, regions: &[Region]) -> Option<VirtAddr> {
    let phys = descriptor.range().ok()?;
    let home = regions
        .iter()
        .filter(|_| descriptor.is_runtime())
        .find(|region| !region.is_temporary() && region.phys.contains(&phys))?;
    let offset = descriptor.phys.value() - home.phys.start().value();
    Some(VirtAddr::new(home.virt.value().checked_add(offset)?))
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_memmap_write)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        base::list::List,
        firmware::{
            memmap::MemoryMap,
            memtype::MemoryType, //
        },
        fixtures::{
            code,
            data,
            descriptor,
            BLANK_REGION, //
        },
        map::collect::collect, //
    };

    #[test]
    fn writes_whole_descriptors_only() {
        let mut bytes = [0xff; 96];
        for (desc_size, used) in [(0, None), (39, None), (48, Some(96)), (49, None)] {
            assert_eq!(encode(&[BLANK_REGION; 2], desc_size, &mut bytes), used);
        }
        let map = MemoryMap::new(&bytes, 48);
        let written = BLANK_REGION.descriptor();
        assert!(map.is_ok_and(|map| map.iter().eq([written; 2])));
    }

    const SIZE: usize = 48;

    /// A map in which every byte outside a field has a value that no function writes.
    fn bytes_of<const N: usize>(descriptors: &[Descriptor]) -> [u8; N] {
        let mut bytes = [0xa5; N];
        for (descriptor, slot) in descriptors.iter().zip(bytes.chunks_exact_mut(SIZE)) {
            descriptor.write(slot);
            slot[4..8].fill(0xa5);
        }
        bytes
    }

    #[test]
    fn annotates_runtime_descriptors_only() {
        let high = VirtAddr::new(0xffff_fffe_0000_0000);
        let stale = |descriptor: Descriptor| Descriptor {
            virt: VirtAddr::new(7),
            ..descriptor
        };
        let unmarked = Descriptor {
            attributes: Attributes(0xf),
            ..code(0x30_0000, 1)
        };
        let map = [
            data(0x10_0000, 4),
            stale(data(0x10_4000, 2)), // merged with the one before
            stale(descriptor(MemoryType::CONVENTIONAL_MEMORY, 0x10_0000, 1)),
            stale(descriptor(MemoryType::BOOT_SERVICES_DATA, 0x20_0000, 1)),
            stale(data(0x10_1000, 0)),
            stale(data(0x10_1000, u64::MAX)),
            stale(data(0x10_5000, 2)), // reaches over the end of the region
            unmarked,
            stale(data(0x10_2800, 1)), // not on a page
        ];
        let mut buffer = [BLANK_REGION; 4];
        let mut regions = List::new(&mut buffer);
        let before = bytes_of::<{ 8 * SIZE }>(&[map[0], data(0x10_4000, 2), map[7], map[3]]);
        let firmware = MemoryMap::new(&before[..4 * SIZE], SIZE);
        assert!(firmware.is_ok_and(|map| collect(&map, true, &mut regions).is_ok()));
        assert_eq!(regions.len(), 3);
        for region in regions.iter_mut() {
            region.virt = VirtAddr::new(high.value() + region.phys.start().value());
        }

        let mut bytes = bytes_of::<{ 9 * SIZE }>(&map);
        let mut expected = map;
        for index in [0, 1, 7, 8] {
            let phys = map[index].phys.value();
            expected[index].virt = VirtAddr::new(high.value() + phys);
        }
        expected[7].attributes = unmarked.attributes.with(Attributes::RUNTIME);
        assert_eq!(annotate(&regions, SIZE, &mut bytes), Some(()));
        assert_eq!(bytes, bytes_of::<{ 9 * SIZE }>(&expected));
    }

    #[test]
    fn annotates_whole_descriptors_only() {
        let mut bytes = bytes_of::<96>(&[data(0, 1), data(0, 1)]);
        let region = Region {
            virt: VirtAddr::new(0x1000),
            ..BLANK_REGION
        };
        for size in [0, 8, 39] {
            let before = bytes;
            assert_eq!(annotate(&[region], size, &mut bytes), None);
            assert_eq!(bytes, before);
        }
        assert_eq!(annotate(&[region], SIZE, &mut bytes), Some(()));
        assert_eq!(annotate(&[region], SIZE, &mut []), Some(()));
    }
}
