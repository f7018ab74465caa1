// SPDX-License-Identifier: GPL-2.0

//! Little-endian integers in byte slices, without a way to read or write beyond them.

/// CRC-32 as Ethernet and zlib compute it. The caller has one; the plan does not bring its own.
pub(crate) type Crc32 = fn(&[u8]) -> u32;

/// Reads the `N` bytes at `offset`, or [`None`] if they do not lie within `bytes`.
fn array<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    let end = offset.checked_add(N)?;
    bytes.get(offset..end)?.try_into().ok()
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    array(bytes, offset).map(u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array(bytes, offset).map(u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    array(bytes, offset).map(u64::from_le_bytes)
}

/// Writes fields one after the other.
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    used: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, used: 0 }
    }

    /// Appends `field`, or returns [`None`] and writes nothing if it does not fit.
    pub(crate) fn put(&mut self, field: &[u8]) -> Option<()> {
        let end = self.used.checked_add(field.len())?;
        self.bytes.get_mut(self.used..end)?.copy_from_slice(field);
        self.used = end;
        Some(())
    }

    pub(crate) fn put_u16(&mut self, value: u16) -> Option<()> {
        self.put(&value.to_le_bytes())
    }

    pub(crate) fn put_u32(&mut self, value: u32) -> Option<()> {
        self.put(&value.to_le_bytes())
    }

    pub(crate) fn put_u64(&mut self, value: u64) -> Option<()> {
        self.put(&value.to_le_bytes())
    }
}

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

    #[test]
    fn writes_within_bounds_only() {
        let mut bytes = [0; 6];
        let mut writer = Writer::new(&mut bytes);
        assert_eq!(writer.put_u32(0x0403_0201), Some(()));
        assert_eq!(writer.put_u64(9), None);
        assert_eq!(writer.put_u16(0x0605), Some(()));
        assert_eq!(writer.used, 6);
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
    }
}
