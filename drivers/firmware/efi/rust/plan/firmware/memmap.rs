// SPDX-License-Identifier: GPL-2.0

//! The firmware's memory map, read from bytes and written as bytes.

use crate::plan::{
    base::{
        addr::{
            Pages,
            PhysAddr,
            PhysRange,
            RangeError,
            VirtAddr, //
        },
        bytes::{
            field,
            write_fields, //
        },
    },
    firmware::memtype::{
        Attributes,
        MemoryType, //
    },
};
use core::fmt;

// Each architecture uses one of the two.

/// `EFI_MEMORY_DESCRIPTOR` (UEFI 2.10, section 7.2), as bytes. No value of this type is made: the
/// bytes are read and written in place.
#[allow(dead_code)]
#[repr(C)]
pub(crate) struct DescriptorBytes {
    pub(crate) ty: [u8; 4],
    pub(crate) pad: [u8; 4],
    pub(crate) phys: [u8; 8],
    pub(crate) virt: [u8; 8],
    pub(crate) pages: [u8; 8],
    pub(crate) attributes: [u8; 8],
}

/// The size of the fields that UEFI defines. Firmware's descriptors may be larger: see `desc_size`.
pub(crate) const DESCRIPTOR_SIZE: usize = size_of::<DescriptorBytes>();

/// One memory descriptor as firmware wrote it. Its content has not been checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Descriptor {
    pub(crate) ty: MemoryType,
    pub(crate) phys: PhysAddr,
    pub(crate) virt: VirtAddr,
    pub(crate) pages: Pages,
    pub(crate) attributes: Attributes,
}

impl Descriptor {
    /// Reads the descriptor at the start of `bytes`, or returns [`None`] if they are too few.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk()?;
        let long = u64::from_le_bytes;
        Some(Self {
            ty: MemoryType(u32::from_le_bytes(field!(bytes, DescriptorBytes, ty))),
            phys: PhysAddr::new(long(field!(bytes, DescriptorBytes, phys))),
            virt: VirtAddr::new(long(field!(bytes, DescriptorBytes, virt))),
            pages: Pages::new(long(field!(bytes, DescriptorBytes, pages))),
            attributes: Attributes(long(field!(bytes, DescriptorBytes, attributes))),
        })
    }

    /// Tells if firmware uses the memory at run time. Runtime services code and data count as such
    /// memory even without the attribute: some firmware forgets it (Dell's IoT gateways,
    /// lf-edge/eve#1396), and Xen adds it. Nobody else uses this memory: x86's stub (its e820
    /// table) and arm64's `is_usable_memory()` use the type when they look for free memory.
    pub(crate) fn is_runtime(&self) -> bool {
        self.attributes.has(Attributes::RUNTIME) || self.ty.is_runtime_services()
    }

    /// The described memory, in whole pages. A start inside a page, which UEFI rules out, is moved
    /// down to the start of that page, and the number of pages stays. The page tables of stock x86
    /// do the same.
    ///
    /// # Errors
    ///
    /// A [`RangeError`] if it is empty, or does not end within 64 bits.
    pub(crate) fn range(&self) -> Result<PhysRange, RangeError> {
        let start = self.phys.value() - self.phys.page_offset();
        PhysRange::new(PhysAddr::new(start), self.pages)
    }

    /// The address of the start of [`Self::range`], if `virt` is an address for this memory.
    pub(crate) fn range_virt(&self) -> VirtAddr {
        let offset = self.phys.page_offset();
        if self.virt.page_offset() == offset {
            VirtAddr::new(self.virt.value() - offset)
        } else {
            self.virt
        }
    }

    /// Writes the descriptor to the start of `bytes`, or returns [`None`] if they are too few.
    pub(crate) fn write(&self, bytes: &mut [u8]) -> Option<()> {
        let bytes = bytes.first_chunk_mut()?;
        write_fields!(
            bytes,
            DescriptorBytes {
                ty: self.ty.0,
                pad: 0_u32,
                phys: self.phys.value(),
                virt: self.virt.value(),
                pages: self.pages.count(),
                attributes: self.attributes.0,
            }
        );
        Some(())
    }
}

/// The size of a descriptor that is too small for one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MapError(pub(crate) usize);

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory descriptor size {} is less than 40", self.0)
    }
}

/// A memory map. The version of its descriptors does not matter: later versions may only add fields
/// (UEFI 2.10, section 7.2.3).
///
/// # Invariants
///
/// `desc_size` is at least [`DESCRIPTOR_SIZE`].
#[derive(Clone, Copy)]
pub(crate) struct MemoryMap<'a> {
    bytes: &'a [u8],
    desc_size: usize,
}

impl<'a> MemoryMap<'a> {
    /// A map without descriptors.
    // INVARIANT: This is the smallest size.
    pub(crate) const EMPTY: Self = Self {
        bytes: &[],
        desc_size: DESCRIPTOR_SIZE,
    };

    /// Reads `bytes` as descriptors of `desc_size` bytes each. Remaining bytes at the end are
    /// ignored.
    ///
    /// # Errors
    ///
    /// A [`MapError`] if a descriptor has less room than its fields need.
    pub(crate) fn new(bytes: &'a [u8], desc_size: usize) -> Result<Self, MapError> {
        if desc_size < DESCRIPTOR_SIZE {
            return Err(MapError(desc_size));
        }
        // INVARIANT: checked above.
        Ok(Self { bytes, desc_size })
    }

    /// The number of descriptors.
    pub(crate) fn len(&self) -> usize {
        self.bytes.chunks_exact(self.desc_size).len()
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
            .filter(Descriptor::is_runtime)
            .filter_map(|d| d.range().ok())
    }

    /// Tells if the map describes free memory. It does so until the first kernel takes the memory.
    /// The map that kernels pass on to their successors describes only runtime regions.
    pub(crate) fn has_free_memory(&self) -> bool {
        self.iter().any(|d| d.ty == MemoryType::CONVENTIONAL_MEMORY)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_memmap)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::fixtures::{
        code,
        data,
        descriptor,
        range,
        MapBytes,
        OVMF, //
    };

    #[test]
    fn refuses_descriptors_that_are_too_small() {
        let bytes = [0; 96];
        for size in [0, 8, 39] {
            assert_eq!(MemoryMap::new(&bytes, size).err(), Some(MapError(size)));
        }
        for (size, count) in [(40, 2), (44, 2), (48, 2), (49, 1), (96, 1), (97, 0)] {
            let map = MemoryMap::new(&bytes, size);
            assert_eq!(map.map(|map| map.iter().count()), Ok(count));
        }
    }

    #[test]
    fn steps_by_the_descriptor_size() {
        for desc_size in [40, 44, 48, 64] {
            let mut bytes = [0u8; 64 * 16];
            for (descriptor, slot) in OVMF.iter().zip(bytes.chunks_exact_mut(desc_size)) {
                assert!(descriptor.write(slot).is_some());
            }
            let used = desc_size * OVMF.len();
            let map = MemoryMap::new(&bytes[..used], desc_size);
            assert!(map.is_ok_and(|map| map.iter().eq(OVMF.iter().copied())));
        }
    }

    #[test]
    fn an_empty_map_is_a_map() {
        assert_eq!(MemoryMap::new(&[], 48).map(|map| map.iter().count()), Ok(0));
    }

    #[test]
    fn a_range_starts_with_a_page() -> Result<(), RangeError> {
        let at = |phys, virt| Descriptor {
            virt: VirtAddr::new(virt),
            ..data(phys, 2)
        };
        for (phys, virt, start, address) in [
            (0x10_0000, 0x9000, 0x10_0000, 0x9000),
            (0x10_0800, 0x9800, 0x10_0000, 0x9000),
            (0x10_0fff, 0x9fff, 0x10_0000, 0x9000),
            (0x10_0800, 0, 0x10_0000, 0),
            (0x10_0800, 0x9801, 0x10_0000, 0x9801),
        ] {
            let descriptor = at(phys, virt);
            assert_eq!(descriptor.range(), range(start, 2));
            assert_eq!(descriptor.range_virt().value(), address);
        }
        let top = at(u64::MAX, 0).range();
        assert!(top.is_err() && data(0x10_0800, 0).range().is_err());
        Ok(())
    }

    #[test]
    fn runtime_ranges_need_no_attribute() -> Result<(), RangeError> {
        let unmarked = |descriptor: Descriptor| Descriptor {
            attributes: Attributes(0xf),
            ..descriptor
        };
        let bytes = MapBytes::new(&[
            unmarked(code(0x10_0000, 1)),
            unmarked(descriptor(MemoryType::MAPPED_IO, 0x20_0000, 1)),
            descriptor(MemoryType::BOOT_SERVICES_CODE, 0x30_0000, 1),
            data(0x40_0000, 2),
        ]);
        let expected = [range(0x10_0000, 1)?, range(0x40_0000, 2)?];
        assert!(bytes.map().runtime_ranges().eq(expected));
        Ok(())
    }
}
