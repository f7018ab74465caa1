// SPDX-License-Identifier: GPL-2.0
//! The firmware's memory map, as GetMemoryMap() gives it.

use thiserror::Error;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::report::RuntimeRegion;

const RUNTIME: u64 = 1 << 63;

#[derive(Debug, Error, PartialEq, Eq)]
#[error("memory map: {length} bytes, {descriptor} for each descriptor")]
pub struct Error {
    length: usize,
    descriptor: usize,
}

#[derive(FromBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Descriptor {
    kind: U32,
    padding: U32,
    phys: U64,
    virt: U64,
    pages: U64,
    attribute: U64,
}

/// Returns the regions that stay firmware's when a kernel runs.
pub fn runtime_regions(map: &[u8], descriptor_size: usize) -> Result<Vec<RuntimeRegion>, Error> {
    let error = || Error {
        length: map.len(),
        descriptor: descriptor_size,
    };
    if descriptor_size == 0 || map.len() % descriptor_size != 0 {
        return Err(error());
    }
    let mut regions = Vec::new();
    for bytes in map.chunks_exact(descriptor_size) {
        let (descriptor, _) = Descriptor::ref_from_prefix(bytes).map_err(|_| error())?;
        let region = RuntimeRegion {
            phys: descriptor.phys.get(),
            virt: descriptor.virt.get(),
            pages: descriptor.pages.get(),
            kind: descriptor.kind.get().into(),
            attribute: descriptor.attribute.get(),
        };
        if region.attribute & RUNTIME != 0 {
            regions.push(region);
        }
    }
    Ok(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each descriptor ends with 8 unknown bytes, as in EDK2.
    fn map(attributes: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (k, attribute) in attributes.iter().enumerate() {
            bytes.extend(5u64.to_le_bytes());
            for field in [0x1000 * k as u64, 0x2000, 3, *attribute, u64::MAX] {
                bytes.extend(field.to_le_bytes());
            }
        }
        bytes
    }

    #[test]
    fn only_what_stays_firmwares() {
        let regions = runtime_regions(&map(&[8, RUNTIME | 8, 0]), 48).unwrap();
        let wanted = RuntimeRegion {
            phys: 0x1000,
            virt: 0x2000,
            pages: 3,
            kind: 5,
            attribute: RUNTIME | 8,
        };
        assert_eq!(regions, [wanted]);
    }

    #[test]
    fn sizes_that_do_not_fit() {
        for descriptor in [0, 32, 47] {
            let length = 48;
            let error = runtime_regions(&map(&[RUNTIME]), descriptor).unwrap_err();
            assert_eq!(error, Error { length, descriptor });
        }
    }
}
