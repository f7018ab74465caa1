// SPDX-License-Identifier: GPL-2.0
//! The bytes of a handover table, by the description of its format alone, so that this and the
//! decoder check each other: Documentation/driver-api/firmware/efi/rtmap-table.rst.

use serde::Deserialize;

const HEADER: usize = 192;
const SLOT_HEADER: usize = 96;
const ENTRY: usize = 40;
/// Room for 256 entries, the least that the stub makes.
const SLOT: usize = SLOT_HEADER + 256 * ENTRY;
/// The services, by their bits in RT_PROPERTIES.
const SERVICES: [(&str, u32); 12] = [
    ("GetTime", 0),
    ("SetTime", 1),
    ("GetWakeupTime", 2),
    ("SetWakeupTime", 3),
    ("GetVariable", 4),
    ("GetNextVariableName", 5),
    ("SetVariable", 6),
    ("GetNextHighMonotonicCount", 9),
    ("ResetSystem", 10),
    ("UpdateCapsule", 11),
    ("QueryCapsuleCapabilities", 12),
    ("QueryVariableInfo", 13),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    size: usize,
    calls: u32,
    generation: u32,
    kind: String,
    svam: String,
    svam_generation: Option<u32>,
    #[serde(default)]
    in_progress: u32,
    #[serde(default)]
    faulted: u32,
    #[serde(default)]
    services_off: Vec<String>,
    #[serde(default)]
    failed: Vec<String>,
    /// The reason, the kind and the SVAM state of the stub's decision.
    #[serde(default)]
    stub: [u32; 3],
    entries: Vec<(u64, u64, u64, u32, String, String)>,
}

impl Table {
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size];
        bytes[..8].copy_from_slice(b"EFIRTMAP");
        let words = [
            (8, self.size as u32),
            (12, SLOT as u32),
            (16, self.in_progress),
            (20, self.calls),
            (24, 1),
            (28, self.faulted),
            (32, 8 << 16 | 1),
            (36, 0x3fff),
            (40, 0x3fff),
            (44, bits(&self.services_off)),
            (48, 0x6d76_ef10),
            (56, 0x2a11_90c5),
            (64, self.stub[0]),
            (68, self.stub[1]),
            (72, self.stub[2]),
            (92, bits(&self.failed)),
        ];
        put(&mut bytes, &words);
        // The kernel before has written the other slot.
        for generation in self.generation.saturating_sub(1)..=self.generation {
            let start = HEADER + (generation as usize % 2) * SLOT;
            self.write_slot(generation, &mut bytes[start..start + SLOT]);
        }
        bytes
    }

    fn write_slot(&self, generation: u32, slot: &mut [u8]) {
        let length = SLOT_HEADER + ENTRY * self.entries.len();
        let number = |words: &[&str], word: &str| {
            words.iter().position(|known| *known == word).unwrap() as u32
        };
        let kind = 1 + number(&["phys", "ident", "fixed"], &self.kind);
        let states = [
            "unknown",
            "not-called",
            "called-ident",
            "called-fixed",
            "failed",
        ];
        let words = [
            (4, length as u32),
            (8, 1),
            (12, generation + 1),
            (16, generation),
            (20, kind),
            (24, number(&states, &self.svam)),
            (32, SLOT_HEADER as u32),
            (36, ENTRY as u32),
            (40, self.entries.len() as u32),
            (44, self.svam_generation.unwrap_or(u32::MAX)),
            (48, 0x3f9e_c018),
            (56, 0x1_0000),
            (64, 0x3f9e_cb98),
            (72, 0x3f9e_cc98),
            (80, 0x3f9e_cf98),
        ];
        put(slot, &words);
        for (number, entry) in self.entries.iter().enumerate() {
            let (phys, virt, pages, ty, attribute, rights) = entry;
            let attribute = u64::from_str_radix(attribute.trim_start_matches("0x"), 16).unwrap();
            let at = SLOT_HEADER + ENTRY * number;
            for (k, long) in [*phys, *virt, *pages, attribute].into_iter().enumerate() {
                slot[at + 8 * k..at + 8 * k + 8].copy_from_slice(&long.to_le_bytes());
            }
            let rights = rights
                .chars()
                .zip(0..)
                .map(|(c, bit)| u32::from(c != '-') << bit);
            put(&mut slot[at..], &[(32, *ty), (36, rights.sum())]);
        }
        let crc = crc32fast::hash(&slot[4..length]);
        put(slot, &[(0, crc)]);
    }
}

fn put(bytes: &mut [u8], words: &[(usize, u32)]) {
    for (at, word) in words {
        bytes[*at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
}

fn bits(names: &[String]) -> u32 {
    let bit = |name: &String| SERVICES.iter().find(|(known, _)| known == name).unwrap().1;
    names.iter().map(|name| 1 << bit(name)).sum()
}
