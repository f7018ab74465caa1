// SPDX-License-Identifier: GPL-2.0

//! The type and the attributes of a memory descriptor (UEFI 2.10, section 7.2).

use core::fmt;

/// `EFI_MEMORY_TYPE`. This is no enum, as firmware may use any value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MemoryType(pub(crate) u32);

impl MemoryType {
    pub(crate) const LOADER_CODE: Self = Self(1);
    pub(crate) const LOADER_DATA: Self = Self(2);
    pub(crate) const BOOT_SERVICES_CODE: Self = Self(3);
    pub(crate) const BOOT_SERVICES_DATA: Self = Self(4);
    pub(crate) const RUNTIME_SERVICES_CODE: Self = Self(5);
    pub(crate) const RUNTIME_SERVICES_DATA: Self = Self(6);
    pub(crate) const CONVENTIONAL_MEMORY: Self = Self(7);
    pub(crate) const UNUSABLE_MEMORY: Self = Self(8);
    pub(crate) const MAPPED_IO: Self = Self(11);
    pub(crate) const MAPPED_IO_PORTS: Self = Self(12);
    pub(crate) const PERSISTENT_MEMORY: Self = Self(14);
    pub(crate) const UNACCEPTED_MEMORY: Self = Self(15);

    pub(crate) fn is_boot_services(self) -> bool {
        matches!(self, Self::BOOT_SERVICES_CODE | Self::BOOT_SERVICES_DATA)
    }

    pub(crate) fn is_runtime_services(self) -> bool {
        matches!(
            self,
            Self::RUNTIME_SERVICES_CODE | Self::RUNTIME_SERVICES_DATA
        )
    }

    /// Tells if a kernel takes the memory for itself. It could take ACPI's tables too, but keeps
    /// them.
    pub(crate) fn is_free_after_boot(self) -> bool {
        let others = [
            Self::LOADER_CODE,
            Self::LOADER_DATA,
            Self::CONVENTIONAL_MEMORY,
            Self::PERSISTENT_MEMORY,
        ];
        self.is_boot_services() || others.contains(&self)
    }

    /// Tells if this is memory that may be read.
    pub(crate) fn is_memory(self) -> bool {
        !matches!(
            self,
            Self::UNUSABLE_MEMORY
                | Self::MAPPED_IO
                | Self::MAPPED_IO_PORTS
                | Self::UNACCEPTED_MEMORY
        )
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BOOT_SERVICES_CODE => f.write_str("boot services code"),
            Self::BOOT_SERVICES_DATA => f.write_str("boot services data"),
            Self::RUNTIME_SERVICES_CODE => f.write_str("runtime services code"),
            Self::RUNTIME_SERVICES_DATA => f.write_str("runtime services data"),
            Self::CONVENTIONAL_MEMORY => f.write_str("conventional memory"),
            Self::MAPPED_IO => f.write_str("memory-mapped I/O"),
            Self(other) => write!(f, "type {other}"),
        }
    }
}

/// The `Attribute` field: `EFI_MEMORY_*` bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Attributes(pub(crate) u64);

impl Attributes {
    /// Write-protected. It means cacheability since UEFI 2.5, and a right before.
    pub(crate) const WP: Self = Self(1 << 12);
    /// Read-protected.
    pub(crate) const RP: Self = Self(1 << 13);
    /// Write-back cacheable.
    pub(crate) const WB: Self = Self(1 << 3);
    /// Must not be executed.
    pub(crate) const XP: Self = Self(1 << 14);
    /// Must not be written.
    pub(crate) const RO: Self = Self(1 << 17);
    /// Firmware uses the memory at run time: it must be mapped during calls.
    pub(crate) const RUNTIME: Self = Self(1 << 63);

    pub(crate) fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    pub(crate) fn with(self, bits: Self) -> Self {
        Self(self.0 | bits.0)
    }

    /// The attributes that both have.
    pub(crate) fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Tells if x86 maps the memory cached. arm64 uses only the type. Some firmware says
    /// nothing about caching (Xen has `efi=attr=uc` for it), or allows only other modes. Then the
    /// memory is mapped uncached, as in stock: this is slow, but right for memory, for devices and
    /// for code.
    pub(crate) fn is_cached(self) -> bool {
        self.has(Self::WB)
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_memtype)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;

    #[test]
    fn only_write_back_memory_is_cached() {
        for bits in 0..0x20 {
            let attributes = Attributes(bits).with(Attributes::RUNTIME);
            assert_eq!(attributes.is_cached(), bits & 8 != 0);
        }
    }
}
