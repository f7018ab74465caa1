// SPDX-License-Identifier: GPL-2.0
//! Memory descriptors, of the memory map and of the memory attributes table.

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub const PAGE: u64 = 4096;

/// EFI_MEMORY_DESCRIPTOR (UEFI 2.10, section 7.2.3).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct Descriptor {
    pub kind: U32,
    pub padding: U32,
    pub start: U64,
    pub virtual_start: U64,
    pub pages: U64,
    pub attributes: U64,
}

impl Descriptor {
    /// UC, WC, WT, WB, and UCE.
    pub const CACHEABILITY: u64 = 0x1f;
    pub const WRITE_PROTECTABLE: u64 = 1 << 12;
    pub const NOT_EXECUTABLE: u64 = 1 << 14;
    pub const READ_ONLY: u64 = 1 << 17;
    pub const RUNTIME: u64 = 1 << 63;

    pub fn is_runtime(&self) -> bool {
        self.attributes.get() & Self::RUNTIME != 0
    }

    pub fn end(&self) -> u64 {
        self.start.get() + self.pages.get() * PAGE
    }
}

/// A table of descriptors that may be larger than this version of the structure.
#[derive(Clone, Copy)]
pub struct Descriptors<'a> {
    bytes: &'a [u8],
    stride: usize,
}

impl<'a> Descriptors<'a> {
    /// Makes descriptors. There are none if the stride is too small.
    pub fn new(bytes: &'a [u8], stride: usize) -> Self {
        Self {
            bytes,
            stride: stride.max(1),
        }
    }

    pub fn iter(self) -> impl Iterator<Item = &'a Descriptor> {
        let entries = self.bytes.chunks_exact(self.stride);
        entries.filter_map(|entry| Some(Descriptor::ref_from_prefix(entry).ok()?.0))
    }

    /// The address that the map gives to a physical address.
    pub fn virtual_address(self, phys: u64) -> Option<u64> {
        let holds = |region: &&Descriptor| (region.start.get()..region.end()).contains(&phys);
        let region = self
            .iter()
            .filter(|region| region.is_runtime())
            .find(holds)?;
        Some(
            region
                .virtual_start
                .get()
                .wrapping_add(phys - region.start.get()),
        )
    }

    /// Tells if each runtime region stays at its address.
    pub fn is_identity(self) -> bool {
        let mut runtime = self.iter().filter(|region| region.is_runtime());
        runtime.all(|region| region.start == region.virtual_start)
    }
}

/// Descriptors in a buffer that may have room for more.
pub struct Table<'a> {
    pub buffer: &'a mut [u8],
    /// The size of all descriptors in bytes.
    pub size: usize,
    pub stride: usize,
}

impl Table<'_> {
    pub fn len(&self) -> usize {
        self.size / self.stride
    }

    pub fn position(&self, wanted: impl Fn(&Descriptor) -> bool) -> Option<usize> {
        let table = Descriptors::new(&self.buffer[..self.size], self.stride);
        table.iter().position(wanted)
    }

    pub fn at(&mut self, index: usize) -> Option<&mut Descriptor> {
        let bytes = self.buffer.get_mut(index * self.stride..self.size)?;
        Some(Descriptor::mut_from_prefix(bytes).ok()?.0)
    }

    pub fn change(
        &mut self,
        wanted: impl Fn(&Descriptor) -> bool,
        change: impl Fn(&mut Descriptor),
    ) {
        for index in 0..self.len() {
            if let Some(descriptor) = self.at(index).filter(|descriptor| wanted(descriptor)) {
                change(descriptor);
            }
        }
    }

    /// Puts a copy of this descriptor after it. Returns false if there is no room.
    pub fn double(&mut self, index: usize) -> bool {
        let start = index * self.stride;
        if self.size + self.stride > self.buffer.len() {
            return false;
        }
        self.buffer
            .copy_within(start..self.size, start + self.stride);
        self.size += self.stride;
        true
    }

    /// Splits the descriptor whose range is on both sides of this page address.
    pub fn cut(&mut self, address: u64) {
        let around = |one: &Descriptor| one.start < address && address < one.end();
        let Some(index) = self.position(around) else {
            return;
        };
        if !self.double(index) {
            return;
        }
        if let Some(first) = self.at(index) {
            first.pages = ((address - first.start.get()) / PAGE).into();
        }
        if let Some(second) = self.at(index + 1) {
            second.pages = ((second.end() - address) / PAGE).into();
            second.start = address.into();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub fn region(kind: u32, start: u64, pages: u64, attributes: u64) -> Descriptor {
        Descriptor {
            kind: kind.into(),
            padding: 0.into(),
            start: start.into(),
            virtual_start: 0.into(),
            pages: pages.into(),
            attributes: attributes.into(),
        }
    }

    #[test]
    fn a_cut_makes_two_where_there_was_one() {
        let mut buffer = [0; 2 * size_of::<Descriptor>()];
        let stride = size_of::<Descriptor>();
        buffer[..stride].copy_from_slice(region(5, 0x1000, 3, 1).as_bytes());
        let mut table = Table {
            buffer: &mut buffer,
            size: stride,
            stride,
        };
        for outside in [0x1000, 0x4000, 0x8000] {
            table.cut(outside);
            assert_eq!(table.len(), 1);
        }
        table.cut(0x2000);
        assert_eq!(table.at(0), Some(&mut region(5, 0x1000, 1, 1)));
        assert_eq!(table.at(1), Some(&mut region(5, 0x2000, 2, 1)));
        // There is no room.
        table.cut(0x3000);
        assert_eq!(table.len(), 2);
    }

    fn bytes(regions: &[Descriptor]) -> &[u8] {
        regions.as_bytes()
    }

    #[test]
    fn addresses_are_found_in_runtime_regions_only() {
        let mut map = [
            region(7, 0x1000, 4, 0),
            region(5, 0x8000, 2, Descriptor::RUNTIME),
        ];
        map[1].virtual_start = 0xffff_0000_0000.into();
        let map = Descriptors::new(bytes(&map), size_of::<Descriptor>());
        assert_eq!(map.virtual_address(0x9fff), Some(0xffff_0000_1fff));
        assert_eq!(map.virtual_address(0xa000), None);
        assert_eq!(map.virtual_address(0x1000), None);
    }

    #[test]
    fn only_runtime_regions_count_for_identity() {
        let mut map = [
            region(7, 0x1000, 4, 0),
            region(5, 0x8000, 2, Descriptor::RUNTIME),
        ];
        map[1].virtual_start = 0x8000.into();
        let stride = size_of::<Descriptor>();
        assert!(Descriptors::new(bytes(&map), stride).is_identity());
        map[1].virtual_start = 0x9000.into();
        assert!(!Descriptors::new(bytes(&map), stride).is_identity());
    }

    #[test]
    fn a_stride_that_is_too_small_has_no_descriptors() {
        let map = [region(5, 0x8000, 2, Descriptor::RUNTIME)];
        for stride in [0, size_of::<Descriptor>() - 1] {
            assert_eq!(Descriptors::new(bytes(&map), stride).iter().count(), 0);
        }
    }
}
