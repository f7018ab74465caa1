// SPDX-License-Identifier: GPL-2.0

//! Privileges that firmware is given in user mode, one by one, and the lists of them.

use core::str;

/// A privilege of a kind that the command line can list, and that fits one word of the handover table.
pub(crate) trait Grant: Copy + 'static {
    /// The word that begins a list.
    const WORD: &'static [u8];

    /// Reads one item of a list.
    fn read(text: &[u8]) -> Option<Self>;

    fn to_bits(self) -> u32;

    /// The privilege in a word of the table, or [`None`] if it holds none.
    fn from_bits(bits: u32) -> Option<Self>;
}

/// The items of a list as in `0x70-0x71+0xb2`; [`None`] stands for one that cannot be read.
pub(crate) fn listed<T: Grant>(list: &[u8]) -> impl Iterator<Item = Option<T>> + '_ {
    list.split(|&byte| byte == b'+').map(T::read)
}

/// Tells if `word`, without the prefix, is a list of such privileges, and if all items can be read.
/// [`None`] if it is no such list.
pub(crate) fn is_good<T: Grant>(word: &[u8]) -> Option<bool> {
    let list = word.strip_prefix(T::WORD)?;
    Some(listed::<T>(list).all(|item| item.is_some()))
}

/// The privileges that the words of one `efi=` option list.
pub(crate) fn asked<T: Grant>(option: &[u8]) -> impl Iterator<Item = T> + '_ {
    let words = option.split(|&byte| byte == b',');
    let words = words.filter_map(|word| word.strip_prefix(b"rtmap:"));
    let lists = words.filter_map(|word| word.strip_prefix(T::WORD));
    lists.flat_map(listed).flatten()
}

/// A hexadecimal number with its prefix.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"0x")?;
    // A sign is no digit.
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_grant)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    impl Grant for u32 {
        const WORD: &'static [u8] = b"numbers=";

        fn read(text: &[u8]) -> Option<Self> {
            number(text)
        }

        fn to_bits(self) -> u32 {
            self
        }

        fn from_bits(bits: u32) -> Option<Self> {
            Some(bits)
        }
    }

    #[test]
    fn lists_are_read() {
        let option =
            b"debug,rtmap:numbers=0x70+0xB2,rtmap:user,rtmap:numbers=7+0x1,numbers=0x9,rtmap:numbers";
        assert!(asked::<u32>(option).eq([0x70, 0xb2, 1]));
        assert!(listed::<u32>(b"").eq([None]));
    }

    #[test]
    fn lists_are_checked() {
        for (word, good) in [
            (b"numbers=0x1+0x2".as_slice(), Some(true)),
            (b"numbers=0x1+", Some(false)),
            (b"numbers=", Some(false)),
            (b"number=0x1", None),
        ] {
            assert_eq!(is_good::<u32>(word), good);
        }
    }

    #[test]
    fn numbers_are_hexadecimal() {
        for (text, expected) in [
            (b"0x0".as_slice(), Some(0)),
            (b"0xffffFFFF", Some(u32::MAX)),
            (b"0x100000000", None),
            (b"0x", None),
            (b"", None),
            (b"70", None),
            (b"0x+7", None),
        ] {
            assert_eq!(number(text), expected);
        }
    }
}
