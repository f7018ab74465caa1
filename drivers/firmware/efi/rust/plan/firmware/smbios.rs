// SPDX-License-Identifier: GPL-2.0

//! The names of the machine in SMBIOS. Some firmware can be told from other firmware only by them.
//!
//! The format is DMTF's DSP0134. Any part of it may be missing or damaged: every read is checked,
//! and a part that cannot be read counts as absent.

/// The names of the machine. A name that firmware does not give is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct System<'a> {
    pub(crate) manufacturer: &'a [u8],
    /// Lenovo puts the well-known name here.
    pub(crate) version: &'a [u8],
}

impl<'a> System<'a> {
    /// Reads the first system structure of `table`, if there is one.
    pub(crate) fn read(table: &'a [u8]) -> Option<Self> {
        let structure = Structure::find(table, Structure::SYSTEM)?;
        Some(Self {
            manufacturer: structure.string_at(4),
            version: structure.string_at(6),
        })
    }
}

/// One structure: fields, and strings. The fields refer to strings by number.
struct Structure<'a> {
    ty: u8,
    /// The fields, header included, so that offsets are those of the specification.
    fields: &'a [u8],
    /// The strings. Zeros separate them.
    strings: &'a [u8],
}

impl<'a> Structure<'a> {
    const SYSTEM: u8 = 1;
    const END: u8 = 127;
    const HEADER_SIZE: usize = 4;

    /// Finds the first structure of type `ty` in `table`. The search ends at the end mark.
    fn find(table: &'a [u8], ty: u8) -> Option<Self> {
        let mut rest = table;
        // Each structure uses up some bytes, so the loop ends.
        while let Some((structure, behind)) = Self::first(rest) {
            match structure.ty {
                found if found == ty => return Some(structure),
                Self::END => return None,
                _ => rest = behind,
            }
        }
        None
    }

    /// Splits `bytes` into the first structure and the rest. Returns [`None`] if the structure is
    /// cut off.
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (ty, length) = (*bytes.first()?, usize::from(*bytes.get(1)?));
        if length < Self::HEADER_SIZE {
            return None;
        }
        let (fields, rest) = (bytes.get(..length)?, bytes.get(length..)?);
        // Two zeros end a structure, with or without strings before them.
        let end = rest.windows(2).position(|pair| pair == [0, 0])?;
        let structure = Self {
            ty,
            fields,
            strings: rest.get(..end)?,
        };
        Some((structure, rest.get(end.checked_add(2)?..)?))
    }

    /// The string whose number is at `offset`, or an empty one.
    fn string_at(&self, offset: usize) -> &'a [u8] {
        let number = self.fields.get(offset).copied();
        number
            .and_then(|number| self.string(number))
            .unwrap_or_default()
    }

    /// The string of this `number`, counted from 1. The number 0 means that there is no string.
    fn string(&self, number: u8) -> Option<&'a [u8]> {
        let index = usize::from(number).checked_sub(1)?;
        self.strings.split(|&byte| byte == 0).nth(index)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_smbios)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    /// Firmware with two strings, an inactive structure without strings, two machines, and the end.
    const TABLE: &[u8] = b"\x00\x06\x00\x00\x01\x02Vendor\x001.0\x00\x00\
        \x7e\x04\x07\x00\x00\x00\
        \x01\x07\x04\x00\x01\x02\x03Its maker\x00Its product\x00Its name\x00\x00\
        \x01\x07\x05\x00\x01\x02\x03Maker\x00Product\x00Another name\x00\x00\
        \x7f\x04\xff\xff\x00\x00";
    const FIRST: System<'_> = System {
        manufacturer: b"Its maker",
        version: b"Its name",
    };
    /// The start of the first machine's structure, and the end of its strings.
    const START: usize = 24;
    const BEHIND: usize = START + 7 + 32;

    #[test]
    fn finds_the_first_machine() {
        assert_eq!(System::read(TABLE), Some(FIRST));
        let second = System::read(&TABLE[BEHIND..]);
        assert!(second.is_some_and(|second| second.version == b"Another name"));
    }

    #[test]
    fn what_is_cut_off_is_not_there() {
        for length in 0..TABLE.len() {
            let expected = Some(FIRST).filter(|_| length >= BEHIND);
            assert_eq!(System::read(&TABLE[..length]), expected);
        }
    }

    /// The table with the byte at `offset` of the first machine's structure changed.
    fn changed(offset: usize, value: u8) -> [u8; TABLE.len()] {
        let mut bytes = [0; TABLE.len()];
        bytes.copy_from_slice(TABLE);
        bytes[START + offset] = value;
        bytes
    }

    #[test]
    fn a_string_number_without_a_string_is_no_name() {
        for (number, version) in [
            (0, &b""[..]),
            (1, b"Its maker"),
            (3, b"Its name"),
            (4, b""),
            (255, b""),
        ] {
            let expected = System { version, ..FIRST };
            assert_eq!(System::read(&changed(6, number)), Some(expected));
        }
    }

    #[test]
    fn a_machine_need_not_say_what_it_is() {
        for (length, known) in [(4, 0), (5, 1), (6, 1), (7, 2)] {
            let mut bytes = changed(1, length);
            bytes[START + usize::from(length)..START + 7].fill(b'x');
            let system = System::read(&bytes);
            let fields = system.map(|s| [s.manufacturer, s.version]);
            let given =
                fields.map(|fields| fields.iter().filter(|field| !field.is_empty()).count());
            assert_eq!(given, Some(known));
        }
    }

    #[test]
    fn stops_at_what_it_cannot_step_over() {
        for length in [0, 1, 3, 255] {
            assert_eq!(System::read(&changed(1, length)), None);
        }
        // A structure that is too short for a header, right before a good one.
        let mut short = [0; TABLE.len()];
        short[..5].copy_from_slice(&[126, 3, 7, 0, 0]);
        short[5..5 + BEHIND - START].copy_from_slice(&TABLE[START..BEHIND]);
        assert_eq!(System::read(&short[5..]), Some(FIRST));
        assert_eq!(System::read(&short), None);
        let mut endless = [b'x'; 64];
        endless[..7].copy_from_slice(&TABLE[START..START + 7]);
        assert_eq!(System::read(&endless), None);
        assert_eq!(System::read(&[0; 64]), None);
    }

    #[test]
    fn nothing_is_behind_the_end() {
        let mut bytes = [0; TABLE.len()];
        bytes.copy_from_slice(TABLE);
        bytes[18] = 127;
        assert_eq!(System::read(&bytes), None);
        bytes[18] = 126;
        assert_eq!(System::read(&bytes), Some(FIRST));
    }
}
