// SPDX-License-Identifier: GPL-2.0

//! The runtime services table: whatever is in it, only code is called.

use super::*;
use crate::plan::{
    entry::split,
    fixtures::{
        crc32,
        BLANK_ENTRY,
        X86_64, //
    },
    runtime::{
        RuntimeTable,
        Width, //
    },
};

/// A table whose pointers lead to code for the most part, and else anywhere.
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

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in vec(any::<u8>(), 0..200), signed: bool, wide: bool, supported: u32) {
        if let Some(signature) = bytes.first_chunk_mut().filter(|_| signed) {
            *signature = *b"RUNTSERV";
        }
        let width = if wide { Width::Bits64 } else { Width::Bits32 };
        let whole = bytes.len() >= width.table_size();
        match RuntimeTable::new(&bytes, width) {
            Ok(table) => {
                prop_assert!(signed && whole);
                let none = table.check_services(&[], supported);
                prop_assert_eq!(none.is_ok(), supported & 0x3e7f == 0);
                let _ = table.flaw(crc32);
            }
            Err(_) => prop_assert!(!signed || !whole),
        }
    }

    #[test]
    fn only_code_is_called((regions, bytes) in input(), supported in 0u32..0x4000) {
        let mut buffer = vec![BLANK_ENTRY; regions.len()];
        let mut entries = List::new(&mut buffer);
        split(&regions, &[], BASIS, &mut entries).unwrap();
        let code = |addr: u64| {
            let within = |start: u64, r: &Region| (start..start + r.phys.bytes()).contains(&addr);
            regions.iter().any(|r| within(r.virt.value(), r) || within(r.phys.start().value(), r))
        };
        // Bits of RT_PROPERTIES in the order of the table's pointers; two are never called.
        let bits = [0, 1, 2, 3, 31, 31, 4, 5, 6, 9, 10, 11, 12, 13];
        let pointers = bytes[24..].chunks_exact(8).map(|p| u64::from_le_bytes(p.try_into().unwrap()));
        let sound = pointers
            .zip(bits)
            .all(|(addr, bit)| supported >> bit & 1 == 0 || addr != 0 && code(addr));
        let table = RuntimeTable::new(&bytes, Width::Bits64).unwrap();
        prop_assert_eq!(table.check_services(&entries, supported).is_ok(), sound);
    }
}
