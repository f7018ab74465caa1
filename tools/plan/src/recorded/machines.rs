// SPDX-License-Identifier: GPL-2.0

//! What SMBIOS says on real machines, from public reports, and the map kind that they are known to
//! need.

use super::*;
use crate::plan::{
    quirk::Machine as Named,
    request::Kind, //
};

/// Strings exactly as firmware has them; nothing where the report has none.
#[derive(Default)]
struct Facts {
    name: &'static str,
    manufacturer: &'static [u8],
    product: &'static [u8],
    version: &'static [u8],
    processor_id: [u8; 8],
    processor_manufacturer: &'static [u8],
    processor_version: &'static [u8],
    kind: Option<Kind>,
}

fn machines() -> [Facts; 5] {
    [
        // The ID's first word is 0: the name alone tells.
        Facts {
            name: "Ampere eMAG, EV-883832 workstation",
            processor_id: [0, 0, 0, 0, 2, 0, 0x3f, 0x50],
            processor_manufacturer: b"Ampere(TM)",
            processor_version: b"eMAG",
            kind: Some(Kind::Fixed),
            ..Facts::default()
        },
        // The name has (R), where Linux looks for (TM): the SoC ID tells.
        Facts {
            name: "Ampere Altra, SMBIOS 3.3",
            processor_id: [1, 0, 0x16, 0x0a, 0xa1, 0, 0, 0],
            processor_manufacturer: b"Ampere(R)",
            processor_version: b"Ampere(R) Altra(R) Processor",
            kind: Some(Kind::Fixed),
            ..Facts::default()
        },
        Facts {
            name: "Lenovo Yoga C630",
            manufacturer: b"LENOVO",
            product: b"81JL",
            kind: Some(Kind::Phys),
            ..Facts::default()
        },
        // Never programmed.
        Facts {
            name: "Intel NUC DE3815TYKH",
            manufacturer: &[0xff; 64],
            product: b"DE3815TYKH",
            ..Facts::default()
        },
        // Only the first generation is in the report.
        Facts {
            name: "ThinkPad Yoga 11e 3rd Gen (20G8)",
            manufacturer: b"LENOVO",
            version: b"ThinkPad Yoga 11e 3rd Gen",
            ..Facts::default()
        },
    ]
}

/// A structure: its fields behind the header, in which [`None`] is the number of the next string.
fn structure(ty: u8, fields: &[Option<u8>], strings: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![ty, 4 + fields.len() as u8, 0, ty];
    let mut text = Vec::new();
    let (mut next, mut waiting) = (0, strings.iter());
    for field in fields {
        let number = |string: &&[u8]| {
            if string.is_empty() {
                return 0;
            }
            text.extend([*string, b"\0"].concat());
            next += 1;
            next
        };
        bytes.push(field.unwrap_or_else(|| waiting.next().map_or(0, number)));
    }
    if text.is_empty() {
        text.push(0);
    }
    bytes.extend(text);
    bytes.push(0);
    bytes
}

/// The structures of system and processor, as DSP0134 lays them out.
fn table(facts: &Facts) -> Vec<u8> {
    let names = [facts.manufacturer, facts.product, facts.version];
    let system = structure(1, &[None; 3], &names);
    // Socket, type and family come before the manufacturer, and then the ID.
    let mut fields = vec![Some(0), Some(3), Some(0xfe), None];
    fields.extend(facts.processor_id.map(Some));
    fields.push(None);
    let names = [facts.processor_manufacturer, facts.processor_version];
    let processor = structure(4, &fields, &names);
    [system, processor, structure(127, &[], &[])].concat()
}

#[test]
fn each_machine_gets_the_kind_that_it_needs() {
    for facts in machines() {
        let table = table(&facts);
        let kind = Named::read(&table).quirk().map(|quirk| quirk.kind);
        assert_eq!(kind, facts.kind, "{}", facts.name);
    }
}
