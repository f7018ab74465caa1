// SPDX-License-Identifier: GPL-2.0

//! The memory attributes table (UEFI 2.10, section 4.6). It tells the code of the runtime images
//! from their data. This file also lists its possible errors.

use crate::plan::{
    base::bytes::u32_at,
    firmware::memmap::{
        Descriptor,
        DESCRIPTOR_SIZE, //
    },
};
use core::fmt;

/// Bytes before the first entry.
pub(crate) const HEADER_SIZE: usize = 16;

/// More entries than any firmware has. A larger count means damage, as in stock Linux.
const MAX_ENTRIES: u32 = 65536;

/// More bytes than any descriptor has. The limit keeps [`Header::table_size`] small.
const MAX_DESCRIPTOR_SIZE: u32 = 4096;

/// Every indirect branch target of the runtime code is marked. So forward-edge control flow checks
/// may stay on during calls.
const FLAG_FORWARD_CFG: u32 = 1 << 0;

/// The reason why a memory attributes table is not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AttributesError {
    Version(u32),
    DescriptorSize(u32),
    Entries(u32),
    Truncated { expected: usize, got: usize },
    NothingWritable,
    NothingExecutable,
}

impl fmt::Display for AttributesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version {version} is not known"),
            Self::DescriptorSize(size) => {
                write!(
                    f,
                    "descriptor size {size} is not from 40 to {MAX_DESCRIPTOR_SIZE}"
                )
            }
            Self::Entries(count) => write!(f, "{count} entries are more than {MAX_ENTRIES}"),
            Self::Truncated { expected, got } => {
                write!(f, "{expected} bytes described, {got} there")
            }
            Self::NothingWritable => f.write_str("leaves firmware no data that it may write"),
            Self::NothingExecutable => f.write_str("leaves firmware no code that it may execute"),
        }
    }
}

/// The part of the table before the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) entries: u32,
    desc_size: u32,
    flags: u32,
}

impl Header {
    /// Reads and checks the header at the start of `bytes`.
    ///
    /// # Errors
    ///
    /// An [`AttributesError`] if `bytes` is too short or a field is not valid.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, AttributesError> {
        let truncated = AttributesError::Truncated {
            expected: HEADER_SIZE,
            got: bytes.len(),
        };
        let field = |offset| u32_at(bytes, offset).ok_or(truncated);
        let (version, entries, desc_size, flags) = (field(0)?, field(4)?, field(8)?, field(12)?);
        // Stock accepts 0 too.
        if version > 2 {
            return Err(AttributesError::Version(version));
        }
        let fits = usize::try_from(desc_size).is_ok_and(|size| size >= DESCRIPTOR_SIZE);
        if !fits || desc_size > MAX_DESCRIPTOR_SIZE {
            return Err(AttributesError::DescriptorSize(desc_size));
        }
        if entries > MAX_ENTRIES {
            return Err(AttributesError::Entries(entries));
        }
        // This field was reserved before version 2.
        let flags = if version < 2 { 0 } else { flags };
        Ok(Self {
            entries,
            desc_size,
            flags,
        })
    }

    /// The size of the whole table in bytes. By the checks of [`Self::new`], it is at most 256 MiB.
    pub(crate) fn table_size(&self) -> usize {
        let entries = u64::from(self.entries) * u64::from(self.desc_size);
        usize::try_from(entries).map_or(usize::MAX, |size| size.saturating_add(HEADER_SIZE))
    }

    /// The entries of the table in `bytes`. Their content has not been checked.
    ///
    /// # Errors
    ///
    /// [`AttributesError::Truncated`] if `bytes` does not hold all of the table.
    pub(crate) fn descriptors<'a>(
        &self,
        bytes: &'a [u8],
    ) -> Result<impl Iterator<Item = Descriptor> + 'a, AttributesError> {
        let (expected, got) = (self.table_size(), bytes.len());
        let truncated = AttributesError::Truncated { expected, got };
        let table = bytes.get(HEADER_SIZE..expected).ok_or(truncated)?;
        let desc_size = usize::try_from(self.desc_size)
            .map_err(|_| AttributesError::DescriptorSize(self.desc_size))?;
        Ok(table.chunks_exact(desc_size).filter_map(Descriptor::read))
    }

    pub(crate) fn forward_cfg(&self) -> bool {
        self.flags & FLAG_FORWARD_CFG != 0
    }

    pub(crate) fn entries(&self) -> usize {
        usize::try_from(self.entries).unwrap_or(usize::MAX)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_memattr_header)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::fixtures::MatBytes;

    #[test]
    fn refuses_absurd_headers() {
        let header = |version: u32, entries: u32, desc_size: u32| {
            let mut bytes = [0; HEADER_SIZE];
            bytes[0..4].copy_from_slice(&version.to_le_bytes());
            bytes[4..8].copy_from_slice(&entries.to_le_bytes());
            bytes[8..12].copy_from_slice(&desc_size.to_le_bytes());
            Header::new(&bytes)
        };
        assert_eq!(header(0, 1, 44).map(|h| h.table_size()), Ok(16 + 44));
        assert_eq!(header(3, 0, 48), Err(AttributesError::Version(3)));
        for size in [0, 39, 4097] {
            assert_eq!(
                header(1, 0, size),
                Err(AttributesError::DescriptorSize(size))
            );
        }
        assert_eq!(header(1, 65537, 48), Err(AttributesError::Entries(65537)));
        assert_eq!(
            header(2, 65536, 40).map(|h| h.table_size()),
            Ok(16 + 65536 * 40)
        );
        let (expected, got) = (HEADER_SIZE, 15);
        assert_eq!(
            Header::new(&[1; 15]),
            Err(AttributesError::Truncated { expected, got })
        );
    }

    #[test]
    fn flags_count_from_version_2() {
        let mut table = MatBytes::new(&[]);
        table.bytes[12] = 1;
        assert_eq!(
            Header::new(table.bytes()).map(|h| h.forward_cfg()),
            Ok(true)
        );
        table.bytes[0] = 1;
        assert_eq!(
            Header::new(table.bytes()).map(|h| h.forward_cfg()),
            Ok(false)
        );
    }
}
