// SPDX-License-Identifier: GPL-2.0

//! Little-endian integers in byte slices. No function reads or writes beyond a slice.

use core::array;

/// CRC-32 as Ethernet and zlib compute it. The caller provides the function.
pub(crate) type Crc32 = fn(&[u8]) -> u32;

/// Reads the `N` bytes at `offset`, or returns [`None`] if `bytes` does not hold them.
fn bytes_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    let end = offset.checked_add(N)?;
    bytes.get(offset..end)?.try_into().ok()
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes_at(bytes, offset).map(u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes_at(bytes, offset).map(u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes_at(bytes, offset).map(u64::from_le_bytes)
}

/// Returns the `N` bytes from `AT` on. It compiles only if an array of `SIZE` bytes holds them.
pub(crate) fn part<const AT: usize, const N: usize, const SIZE: usize>(
    bytes: &[u8; SIZE],
) -> [u8; N] {
    const { assert!(AT <= SIZE && N <= SIZE - AT) };
    array::from_fn(|index| bytes[AT + index])
}

/// Writes `field` to `AT` in an array. It compiles only if the array has room there.
pub(crate) fn put<const AT: usize, const N: usize, const SIZE: usize>(
    bytes: &mut [u8; SIZE],
    field: [u8; N],
) {
    const { assert!(AT <= SIZE && N <= SIZE - AT) };
    bytes[AT..AT + N].copy_from_slice(&field);
}

/// Returns the bytes of one field of a structure, from an array of the structure's size.
macro_rules! field {
    ($bytes:expr, $struct:ident, $field:ident) => {{
        const AT: usize = core::mem::offset_of!($struct, $field);
        let field = $crate::plan::base::bytes::part::<AT, _, { size_of::<$struct>() }>($bytes);
        // This compiles only if `field` has the field's size.
        let _ = |structure: &$struct| structure.$field == field;
        field
    }};
}

/// Writes fields of a structure into an array of the structure's size.
macro_rules! write_fields {
    ($bytes:expr, $struct:ident { $($field:ident: $value:expr),* $(,)? }) => {$({
        const AT: usize = core::mem::offset_of!($struct, $field);
        let field = $value.to_le_bytes();
        // This compiles only if `field` has the field's size.
        let _ = |structure: &$struct| structure.$field == field;
        $crate::plan::base::bytes::put::<AT, _, { size_of::<$struct>() }>($bytes, field);
    })*};
}

pub(crate) use {field, write_fields};

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_bytes)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn reads_within_bounds_only() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(u64_at(&bytes, 0), Some(0x0807_0605_0403_0201));
        assert_eq!(u32_at(&bytes, 4), Some(0x0807_0605));
        assert_eq!(u16_at(&bytes, 7), None);
        assert_eq!(u32_at(&bytes, usize::MAX), None);
    }

    #[repr(C)]
    struct Pair {
        first: [u8; 2],
        second: [u8; 4],
    }

    #[test]
    fn fields_are_where_the_structure_has_them() {
        let mut bytes = [9; size_of::<Pair>()];
        write_fields!(
            &mut bytes,
            Pair {
                second: 0x0403_0201_u32
            }
        );
        assert_eq!(bytes, [9, 9, 1, 2, 3, 4]);
        write_fields!(
            &mut bytes,
            Pair {
                first: 0x0605_u16,
                second: 7_u32,
            }
        );
        assert_eq!(bytes, [5, 6, 7, 0, 0, 0]);
        assert_eq!(field!(&bytes, Pair, first), [5, 6]);
        assert_eq!(field!(&bytes, Pair, second), [7, 0, 0, 0]);
    }
}
