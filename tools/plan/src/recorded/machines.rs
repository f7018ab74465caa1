// SPDX-License-Identifier: GPL-2.0

//! SMBIOS facts of real machines, from public reports, and the map kind that the machines are known
//! to need.

use super::*;
use crate::plan::{
    base::kind::Kind,
    choice::quirk::quirk, //
};

/// Strings exactly as firmware has them. A string that the report lacks is empty.
#[derive(Default)]
struct Facts {
    name: &'static str,
    manufacturer: &'static [u8],
    product: &'static [u8],
    version: &'static [u8],
    kind: Option<Kind>,
}

fn machines() -> [Facts; 3] {
    [
        // The manufacturer's name was never programmed.
        Facts {
            name: "Intel NUC DE3815TYKH",
            manufacturer: &[0xff; 64],
            product: b"DE3815TYKH",
            ..Facts::default()
        },
        Facts {
            name: "ThinkPad X220",
            manufacturer: b"LENOVO",
            version: b"ThinkPad X220",
            kind: Some(Kind::Ident),
            ..Facts::default()
        },
        // The report names only the first generation.
        Facts {
            name: "ThinkPad Yoga 11e 3rd Gen (20G8)",
            manufacturer: b"LENOVO",
            version: b"ThinkPad Yoga 11e 3rd Gen",
            ..Facts::default()
        },
    ]
}

/// A structure. In its fields, which follow the header, [`None`] is the number of the next string.
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

/// A table with the structure of the system, as DSP0134 defines it.
fn table(facts: &Facts) -> Vec<u8> {
    let names = [facts.manufacturer, facts.product, facts.version];
    let system = structure(1, &[None; 3], &names);
    [system, structure(127, &[], &[])].concat()
}

#[test]
fn each_machine_gets_the_kind_that_it_needs() {
    for facts in machines() {
        let table = table(&facts);
        let kind = quirk(&table).map(|quirk| quirk.kind);
        assert_eq!(kind, facts.kind, "{}", facts.name);
    }
}
