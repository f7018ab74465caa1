// SPDX-License-Identifier: GPL-2.0

use anyhow::anyhow;

use super::*;

const MAP: u64 = 0x1000;
const SYSTEM_TABLE: u64 = 0x2000;
const CONFIG: u64 = 0x3000;
const VENDOR: u64 = 0x4000;
const ATTRIBUTES: u64 = 0x5000;
const PROPERTIES: u64 = 0x6000;
/// The address at which converted firmware finds its data.
const HIGH: u64 = 0xffff_fffe_0000_0000;

/// Memory that starts at 0.
struct Ram(Vec<u8>);

impl PhysicalMemory for Ram {
    fn read(&self, address: u64, length: usize) -> Result<Vec<u8>> {
        let start = usize::try_from(address)?;
        let bytes = start
            .checked_add(length)
            .and_then(|end| self.0.get(start..end));
        bytes
            .map(Vec::from)
            .ok_or_else(|| anyhow!("nothing at {address:#x}"))
    }
}

impl Ram {
    fn put(&mut self, address: u64, bytes: &[u8]) {
        let start = address as usize;
        self.0[start..start + bytes.len()].copy_from_slice(bytes);
    }

    fn put_words(&mut self, address: u64, words: &[u64]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(address, &bytes);
    }
}

fn place() -> Place {
    Place {
        bits: 64,
        map: MAP,
        map_size: 2 * 48,
        descriptor_size: 48,
        descriptor_version: 1,
        system_table: SYSTEM_TABLE,
        vendor: None,
        first_table: None,
    }
}

/// Firmware whose pointers have been converted if `moved` is not zero.
fn machine(moved: u64) -> Ram {
    let mut ram = Ram(vec![0; 0x8000]);
    ram.put_words(MAP, &[7, 0x10_0000, 0, 0x80, 0xf]);
    ram.put_words(MAP + 48, &[6, 0x1000, moved + 0x1000, 7, 1 << 63 | 0xf]);
    let signature = tables::SYSTEM_TABLE_SIGNATURE;
    ram.put_words(
        SYSTEM_TABLE,
        &[signature, 0x2_0046, 0, moved + VENDOR, 0x1_0007],
    );
    ram.put_words(SYSTEM_TABLE + 104, &[2, moved + CONFIG]);
    let vendor: Vec<u8> = "EDK II\0"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    ram.put(VENDOR, &vendor);
    ram.put(CONFIG, &tables::RT_PROPERTIES_GUID);
    ram.put_words(CONFIG + 16, &[PROPERTIES]);
    ram.put(CONFIG + 24, &tables::MEMORY_ATTRIBUTES_GUID);
    ram.put_words(CONFIG + 40, &[ATTRIBUTES]);
    ram.put_words(PROPERTIES, &[0x3ffb << 32 | 8 << 16 | 1]);
    ram.put_words(ATTRIBUTES, &[1 << 32 | 2, 1 << 32 | 48]);
    ram.put_words(ATTRIBUTES + 16, &[5, 0x1000, 0, 2, 1 << 63 | 1 << 17]);
    ram
}

fn expected(moved: u64) -> Firmware {
    let entry = Descriptor {
        ty: 5,
        phys: 0x1000,
        pages: 2,
        attribute: 1 << 63 | 1 << 17,
        virt: 0,
    };
    let free = Descriptor {
        ty: 7,
        phys: 0x10_0000,
        pages: 0x80,
        attribute: 0xf,
        virt: 0,
    };
    let data = Descriptor {
        ty: 6,
        pages: 7,
        attribute: 1 << 63 | 0xf,
        virt: moved + 0x1000,
        ..entry
    };
    Firmware {
        bits: 64,
        vendor: "EDK II".into(),
        revision: 0x1_0007,
        system_table_revision: 0x2_0046,
        rt_properties: Some(RtProperties {
            version: 1,
            services: 0x3ffb,
        }),
        memory_map: MemoryMap {
            descriptor_size: 48,
            descriptor_version: 1,
            descriptors: vec![free, data],
        },
        memory_attributes: Some(MemoryAttributes {
            version: 2,
            count: 1,
            descriptor_size: 48,
            flags: 1,
            entries: vec![entry],
        }),
    }
}

fn error(place: &Place, ram: &Ram) -> String {
    format!("{:#}", read(place, ram).unwrap_err())
}

#[test]
fn reads_all_that_there_is() {
    for moved in [0, HIGH] {
        assert_eq!(read(&place(), &machine(moved)).unwrap(), expected(moved));
    }
}

#[test]
fn the_bytes_of_a_recording_are_those_of_the_memory() {
    let (ram, firmware) = (machine(HIGH), expected(HIGH));
    let map = firmware.memory_map.bytes();
    assert_eq!(map, ram.read(MAP, map.len()).unwrap());
    let attributes = firmware.memory_attributes.unwrap().bytes();
    assert_eq!(attributes, ram.read(ATTRIBUTES, attributes.len()).unwrap());
}

#[test]
fn believes_the_kernel_before_the_system_table() {
    let mut ram = machine(HIGH);
    ram.put_words(SYSTEM_TABLE + 24, &[0x7777_7777]);
    ram.put_words(SYSTEM_TABLE + 112, &[0x7777_7777]);
    assert!(error(&place(), &ram).contains("0x77777777"));
    let told = Place {
        vendor: Some(VENDOR),
        first_table: Some(CONFIG),
        ..place()
    };
    assert_eq!(read(&told, &ram).unwrap(), expected(HIGH));
}

#[test]
fn reads_the_tables_of_32_bit_firmware() {
    let mut ram = machine(0);
    ram.put(SYSTEM_TABLE, &[0; 0x80]);
    ram.put_words(SYSTEM_TABLE, &[tables::SYSTEM_TABLE_SIGNATURE, 0x2_0046, 0]);
    ram.put_words(SYSTEM_TABLE + 24, &[0x1_0007 << 32 | VENDOR]);
    ram.put_words(SYSTEM_TABLE + 64, &[CONFIG << 32 | 2]);
    ram.put(CONFIG + 16, &(PROPERTIES as u32).to_le_bytes());
    ram.put(CONFIG + 20, &tables::MEMORY_ATTRIBUTES_GUID);
    ram.put(CONFIG + 36, &(ATTRIBUTES as u32).to_le_bytes());
    let place = Place {
        bits: 32,
        ..place()
    };
    let expected = Firmware {
        bits: 32,
        ..expected(0)
    };
    assert_eq!(read(&place, &ram).unwrap(), expected);
}

#[test]
fn tables_that_are_not_there_are_left_out() {
    let mut ram = machine(0);
    ram.put_words(SYSTEM_TABLE + 104, &[0]);
    let firmware = read(&place(), &ram).unwrap();
    assert_eq!(firmware.rt_properties, None);
    assert_eq!(firmware.memory_attributes, None);
}

#[test]
fn an_absurd_attributes_table_is_recorded_without_entries() {
    let mut ram = machine(0);
    for (count, size) in [(u32::MAX, 48u32), (3, 0), (1, u32::MAX), (3, 39)] {
        ram.put(ATTRIBUTES + 4, &count.to_le_bytes());
        ram.put(ATTRIBUTES + 8, &size.to_le_bytes());
        let table = read(&place(), &ram).unwrap().memory_attributes.unwrap();
        assert_eq!((table.count, table.descriptor_size), (count, size));
        assert_eq!(table.entries, []);
    }
}

#[test]
fn what_cannot_be_right_is_named() {
    let ram = machine(0);
    for (map_size, descriptor_size, named) in [
        (96, 39, "96 bytes, 39 for"),
        (47, 48, "47 bytes, 48 for"),
        (2 << 20, 48, "2097152 bytes"),
    ] {
        let place = Place {
            map_size,
            descriptor_size,
            ..place()
        };
        assert!(
            error(&place, &ram).contains(named),
            "{}",
            error(&place, &ram)
        );
    }
    let mut unsigned = machine(0);
    unsigned.put_words(SYSTEM_TABLE, &[7]);
    assert!(error(&place(), &unsigned).contains("0x0000000000000007"));
    let mut many = machine(0);
    many.put_words(SYSTEM_TABLE + 104, &[1025]);
    assert!(error(&place(), &many).contains("1025 configuration tables"));
}

#[test]
fn what_a_kexec_left_is_refused() {
    let mut ram = machine(0);
    ram.put_words(MAP, &[6]);
    assert_eq!(error(&place(), &ram), NotFirmwares(2).to_string());
}
