// SPDX-License-Identifier: GPL-2.0

//! The runtime services table: with any content, only code is called.

use super::*;
use crate::plan::{
    firmware::{
        runtime::RuntimeTable,
        service::{
            self,
            Services, //
        },
        width::Width, //
    },
    fixtures::{
        crc32,
        BLANK_ENTRY,
        X86_64, //
    },
    map::{
        entry::split,
        pointers::Stray, //
    },
};

/// A table with pointers. Most of them point to code, and the others anywhere.
fn table(regions: &[Region]) -> impl Strategy<Value = Vec<u8>> {
    let inside = (select(regions.to_vec()), any::<u16>(), any::<bool>()).prop_map(
        |(region, offset, converted)| {
            let start = if converted {
                region.virt.value()
            } else {
                region.phys.start().value()
            };
            start + u64::from(offset) % region.phys.bytes()
        },
    );
    let pointer = prop_oneof![20 => inside, 1 => any::<u64>(), 1 => Just(0)];
    (vec(any::<u8>(), 16), vec(pointer, 14)).prop_map(|(header, pointers)| {
        let mut bytes = b"RUNTSERV".to_vec();
        bytes.extend(header);
        bytes.extend(pointers.into_iter().flat_map(u64::to_le_bytes));
        bytes
    })
}

fn input() -> impl Strategy<Value = (Vec<Region>, Vec<u8>)> {
    sound_regions(false).prop_flat_map(|(_, mut regions)| {
        for region in &mut regions {
            region.ty = MemoryType::RUNTIME_SERVICES_CODE;
        }
        X86_64.lay_out_fixed(&mut regions).unwrap();
        let table = table(&regions);
        (Just(regions), table)
    })
}

/// Counts the strays if nothing is mapped.
fn all(bytes: &[u8], width: Width) -> usize {
    let table = RuntimeTable::new(bytes, width).unwrap();
    table.strays(&[]).count()
}

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in vec(any::<u8>(), 0..200), signed: bool, wide: bool, said in 100u32..140) {
        if let Some(signature) = bytes.first_chunk_mut().filter(|_| signed) {
            *signature = *b"RUNTSERV";
        }
        let width = if wide { Width::Bits64 } else { Width::Bits32 };
        // Often, this is a size that a table has.
        if let Some(size) = bytes.get_mut(12..16).filter(|_| wide) {
            size.copy_from_slice(&said.to_le_bytes());
        }
        match RuntimeTable::size(&bytes, width) {
            Ok(size) => {
                prop_assert!(signed);
                prop_assert!(size <= width.table_size());
                prop_assert_eq!(RuntimeTable::new(&bytes, width).is_ok(), bytes.len() >= size);
                if bytes.len() >= size {
                    prop_assert_eq!(all(&bytes, width), service::CALLED.len());
                    let _ = RuntimeTable::new(&bytes, width).unwrap().flaw(crc32);
                }
            }
            Err(_) => prop_assert!(!signed || bytes.len() < 8),
        }
    }

    #[test]
    fn only_code_is_called((regions, mut bytes) in input(), services in 8usize..=14) {
        let size = 24 + 8 * services;
        bytes[12..16].copy_from_slice(&(size as u32).to_le_bytes());
        // A size that no table has is ignored.
        let size = if services < 11 { 136 } else { size };

        let mut buffer = vec![BLANK_ENTRY; regions.len()];
        let mut entries = List::new(&mut buffer);
        split(&regions, &[], BASIS, &mut entries).unwrap();
        let code = |addr: u64| {
            let within = |start: u64, r: &Region| (start..start + r.phys.bytes()).contains(&addr);
            regions.iter().any(|r| within(r.virt.value(), r) || within(r.phys.start().value(), r))
        };
        // Bits of RT_PROPERTIES in the order of the table's pointers. Two services are never
        // called.
        let bits = [0, 1, 2, 3, 31, 31, 4, 5, 6, 9, 10, 11, 12, 13];
        let mut sound = 0;
        for (pointer, bit) in bytes[24..size].chunks_exact(8).zip(bits) {
            let addr = u64::from_le_bytes(pointer.try_into().unwrap());
            if addr != 0 && code(addr) {
                sound |= 1 << bit;
            }
        }
        let table = RuntimeTable::new(&bytes, Width::Bits64).unwrap();
        let off = table.strays(&entries).fold(Services::NONE, |off, (service, stray)| {
            let absent = 24 + 8 * service.slot >= size;
            assert_eq!(stray == Stray::Absent, absent);
            off.with(service.into())
        });
        let called = service::CALLED.iter().fold(0, |bits, service| bits | service.bit);
        prop_assert_eq!(off.bits(), called & !sound);
    }
}
