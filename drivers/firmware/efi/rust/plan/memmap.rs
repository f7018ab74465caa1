// SPDX-License-Identifier: GPL-2.0

//! The firmware's memory map, read from bytes and written as bytes.

use super::{
    addr::{
        Pages,
        PhysAddr,
        PhysRange,
        VirtAddr, //
    },
    bytes::{
        u32_at,
        u64_at,
        Writer, //
    },
    memtype::{
        Attributes,
        MemoryType, //
    },
    region::Region,
};
use core::fmt;

/// Bytes of the fields that UEFI defines. Firmware may step further: only `desc_size` says how far.
pub(crate) const DESCRIPTOR_SIZE: usize = 40;

/// Offset of `VirtualStart` in a descriptor.
const VIRT_OFFSET: usize = 16;

/// The one version of the descriptor that UEFI defines.
const DESCRIPTOR_VERSION: u32 = 1;

/// One memory descriptor as firmware wrote it: nothing in it has been checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Descriptor {
    pub(crate) ty: MemoryType,
    pub(crate) phys: PhysAddr,
    pub(crate) virt: VirtAddr,
    pub(crate) pages: Pages,
    pub(crate) attributes: Attributes,
}

impl Descriptor {
    /// Reads the descriptor at the start of `bytes`, or [`None`] if they are too few.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            ty: MemoryType(u32_at(bytes, 0)?),
            phys: PhysAddr::new(u64_at(bytes, 8)?),
            virt: VirtAddr::new(u64_at(bytes, VIRT_OFFSET)?),
            pages: Pages::new(u64_at(bytes, 24)?),
            attributes: Attributes(u64_at(bytes, 32)?),
        })
    }

    pub(crate) fn write(&self, bytes: &mut [u8]) -> Option<()> {
        let mut writer = Writer::new(bytes);
        writer.put_u32(self.ty.0)?;
        writer.put_u32(0)?;
        writer.put_u64(self.phys.value())?;
        writer.put_u64(self.virt.value())?;
        writer.put_u64(self.pages.count())?;
        writer.put_u64(self.attributes.0)
    }
}

/// Why bytes are no memory map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MapError {
    Version(u32),
    DescriptorSize(usize),
    Length { bytes: usize, desc_size: usize },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "memory descriptor version {version} is not 1"),
            Self::DescriptorSize(size) => {
                write!(
                    f,
                    "memory descriptor size {size} is less than 40 or not a multiple of 8"
                )
            }
            Self::Length { bytes, desc_size } => write!(
                f,
                "memory map of {bytes} bytes is no whole number of {desc_size}-byte descriptors"
            ),
        }
    }
}

/// A memory map.
///
/// # Invariants
///
/// `desc_size` is at least [`DESCRIPTOR_SIZE`] and divides the length of `bytes`.
#[derive(Clone, Copy)]
pub(crate) struct MemoryMap<'a> {
    bytes: &'a [u8],
    desc_size: usize,
}

impl<'a> MemoryMap<'a> {
    /// A map without descriptors.
    // INVARIANT: any size divides 0.
    pub(crate) const EMPTY: Self = Self {
        bytes: &[],
        desc_size: DESCRIPTOR_SIZE,
    };

    /// Takes `bytes` as descriptors of `desc_size` bytes each.
    ///
    /// # Errors
    ///
    /// A [`MapError`] if the version is unknown or the sizes cannot be right.
    pub(crate) fn new(bytes: &'a [u8], desc_size: usize, version: u32) -> Result<Self, MapError> {
        if version != DESCRIPTOR_VERSION {
            return Err(MapError::Version(version));
        }
        if desc_size < DESCRIPTOR_SIZE || desc_size % 8 != 0 {
            return Err(MapError::DescriptorSize(desc_size));
        }
        if bytes.len() % desc_size != 0 {
            return Err(MapError::Length {
                bytes: bytes.len(),
                desc_size,
            });
        }
        // INVARIANT: checked above.
        Ok(Self { bytes, desc_size })
    }

    /// All descriptors, in the firmware's order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Descriptor> + Clone + 'a {
        // By the type invariants every chunk holds a descriptor.
        self.bytes
            .chunks_exact(self.desc_size)
            .filter_map(Descriptor::read)
    }

    /// The ranges of memory that firmware uses at run time.
    pub(crate) fn runtime_ranges(&self) -> impl Iterator<Item = PhysRange> + Clone + 'a {
        self.iter()
            .filter(|d| d.attributes.has(Attributes::RUNTIME))
            .filter_map(|d| PhysRange::new(d.phys, d.pages).ok())
    }

    /// Whether the map describes free memory, as it does until the first kernel takes it. What
    /// kernels hand to their successors describes runtime regions only.
    pub(crate) fn has_free_memory(&self) -> bool {
        self.iter().any(|d| d.ty == MemoryType::CONVENTIONAL_MEMORY)
    }
}

/// Writes `regions`, in their order, as a memory map into `bytes`, each descriptor in `desc_size`
/// bytes. Returns the bytes used, or [`None`] if they do not fit.
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

/// Writes addresses into the memory map that `bytes` holds, in descriptors of `desc_size` bytes:
/// every runtime descriptor gets the one that `regions` has for it. All else stays as firmware
/// wrote it, descriptors that make no sense included. [`None`] if the sizes cannot be right.
pub(crate) fn annotate(regions: &[Region], desc_size: usize, bytes: &mut [u8]) -> Option<()> {
    if desc_size < DESCRIPTOR_SIZE || bytes.len() % desc_size != 0 {
        return None;
    }
    for slot in bytes.chunks_exact_mut(desc_size) {
        if let Some(virt) = Descriptor::read(slot).and_then(|d| address_of(&d, regions)) {
            Writer::new(slot.get_mut(VIRT_OFFSET..)?).put_u64(virt.value())?;
        }
    }
    Some(())
}

/// The address that `regions` has for the memory of `descriptor`, which may be a part of a region:
/// neighbours were merged.
fn address_of(descriptor: &Descriptor, regions: &[Region]) -> Option<VirtAddr> {
    let phys = PhysRange::new(descriptor.phys, descriptor.pages).ok()?;
    let home = regions
        .iter()
        .filter(|_| descriptor.attributes.has(Attributes::RUNTIME))
        .find(|region| !region.is_temporary() && region.phys.contains(&phys))?;
    if home.virt == VirtAddr::NONE {
        return Some(VirtAddr::NONE);
    }
    let offset = phys.start().value() - home.phys.start().value();
    Some(VirtAddr::new(home.virt.value().checked_add(offset)?))
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_memmap)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::{
        fixtures::{
            code,
            data,
            descriptor,
            BLANK_REGION,
            OVMF, //
        },
        list::List,
        region::collect,
    };

    #[test]
    fn refuses_other_versions_and_sizes() {
        let bytes = [0; 96];
        assert_eq!(
            MemoryMap::new(&bytes, 48, 2).err(),
            Some(MapError::Version(2))
        );
        for size in [0, 8, 39, 44] {
            assert_eq!(
                MemoryMap::new(&bytes, size, 1).err(),
                Some(MapError::DescriptorSize(size))
            );
        }
        let (bytes, desc_size) = (95, 48);
        assert_eq!(
            MemoryMap::new(&[0; 95], 48, 1).err(),
            Some(MapError::Length { bytes, desc_size })
        );
    }

    #[test]
    fn steps_by_the_descriptor_size() {
        for desc_size in [40, 48, 64] {
            let mut bytes = [0u8; 64 * 16];
            for (descriptor, slot) in OVMF.iter().zip(bytes.chunks_exact_mut(desc_size)) {
                assert!(descriptor.write(slot).is_some());
            }
            let used = desc_size * OVMF.len();
            let map = MemoryMap::new(&bytes[..used], desc_size, 1);
            assert!(map.is_ok_and(|map| map.iter().eq(OVMF.iter().copied())));
        }
    }

    #[test]
    fn writes_whole_descriptors_only() {
        let mut bytes = [0xff; 96];
        for (desc_size, used) in [(0, None), (39, None), (48, Some(96)), (49, None)] {
            assert_eq!(encode(&[BLANK_REGION; 2], desc_size, &mut bytes), used);
        }
        let map = MemoryMap::new(&bytes, 48, 1);
        let written = BLANK_REGION.descriptor();
        assert!(map.is_ok_and(|map| map.iter().eq([written; 2])));
    }

    #[test]
    fn an_empty_map_is_a_map() {
        assert_eq!(
            MemoryMap::new(&[], 48, 1).map(|map| map.iter().count()),
            Ok(0)
        );
    }

    const SIZE: usize = 48;

    /// A map in which every byte that no field holds has a value that nobody writes.
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
        let map = [
            data(0x10_0000, 4),
            stale(data(0x10_4000, 2)), // merged with the one before
            stale(descriptor(MemoryType::CONVENTIONAL_MEMORY, 0x10_0000, 1)),
            stale(descriptor(MemoryType::BOOT_SERVICES_DATA, 0x20_0000, 1)),
            stale(data(0x10_1000, 0)),
            stale(data(0x10_1000, u64::MAX)),
            stale(data(0x10_5000, 2)), // reaches over the end of the region
            code(0x30_0000, 1),
        ];
        let mut buffer = [BLANK_REGION; 3];
        let mut regions = List::new(&mut buffer);
        let before = bytes_of::<{ 8 * SIZE }>(&[map[0], data(0x10_4000, 2), map[7], map[3]]);
        let firmware = MemoryMap::new(&before[..4 * SIZE], SIZE, 1);
        assert!(firmware.is_ok_and(|map| collect(&map, true, &mut regions).is_ok()));
        assert_eq!(regions.len(), 3);
        for region in regions.iter_mut() {
            region.virt = VirtAddr::new(high.value() + region.phys.start().value());
        }

        let mut bytes = bytes_of::<{ 8 * SIZE }>(&map);
        let mut expected = map;
        for index in [0, 1, 7] {
            let phys = map[index].phys.value();
            expected[index].virt = VirtAddr::new(high.value() + phys);
        }
        assert_eq!(annotate(&regions, SIZE, &mut bytes), Some(()));
        assert_eq!(bytes, bytes_of::<{ 8 * SIZE }>(&expected));
    }

    #[test]
    fn no_address_is_none_for_every_part_of_a_region() {
        let parts = [data(0x10_0000, 1), data(0x10_1000, 1)];
        let mut bytes = bytes_of::<96>(&parts);
        let mut buffer = [BLANK_REGION; 1];
        let mut regions = List::new(&mut buffer);
        let map = MemoryMap::new(&bytes, SIZE, 1);
        assert!(map.is_ok_and(|map| collect(&map, false, &mut regions).is_ok()));
        regions[0].virt = VirtAddr::NONE;
        assert_eq!(annotate(&regions, SIZE, &mut bytes), Some(()));
        let virt = VirtAddr::NONE;
        let expected = parts.map(|part| Descriptor { virt, ..part });
        assert_eq!(bytes, bytes_of::<96>(&expected));
    }

    #[test]
    fn annotates_whole_descriptors_only() {
        let mut bytes = bytes_of::<96>(&[data(0, 1), data(0, 1)]);
        let region = Region {
            virt: VirtAddr::new(0x1000),
            ..BLANK_REGION
        };
        for size in [0, 8, 39, 40, 47] {
            let before = bytes;
            assert_eq!(annotate(&[region], size, &mut bytes), None);
            assert_eq!(bytes, before);
        }
        assert_eq!(annotate(&[region], SIZE, &mut bytes), Some(()));
        assert_eq!(annotate(&[region], SIZE, &mut []), Some(()));
    }
}
