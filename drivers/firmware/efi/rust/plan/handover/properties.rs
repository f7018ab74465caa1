// SPDX-License-Identifier: GPL-2.0

//! The RT_PROPERTIES table (UEFI 2.10, section 4.6.2) in the header, by which stock kernels are
//! kept from calling firmware.

use crate::plan::{
    base::bytes::u32_at,
    firmware::service,
    handover::wire::{
        PROPERTIES_HEAD,
        PROPERTIES_OFFSET,
        SUPPORTED_OFFSET, //
    }, //
};

/// The services that firmware supports, by the `header` of a handover table. [`None`] if stock
/// kernels do not go by it: the RT_PROPERTIES table is not there, or damaged.
pub(crate) fn supported(header: &[u8]) -> Option<u32> {
    let supported = u32_at(header, SUPPORTED_OFFSET)?;
    let there = u32_at(header, PROPERTIES_OFFSET)? == PROPERTIES_HEAD;
    (there && supported & !service::ALL == 0).then_some(supported)
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_wire_properties)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::handover::table_fixtures::blank;

    #[test]
    fn services_are_known_where_the_table_is() {
        let mut bytes = blank();
        bytes[SUPPORTED_OFFSET] = 0x7b;
        assert_eq!(supported(&bytes), None);
        bytes[PROPERTIES_OFFSET] = 1;
        assert_eq!(supported(&bytes), None);
        bytes[PROPERTIES_OFFSET + 2] = 8;
        assert_eq!(supported(&bytes), Some(0x7b));
        assert_eq!(supported(&bytes[..SUPPORTED_OFFSET + 3]), None);
        bytes[SUPPORTED_OFFSET + 1] = 0x40;
        assert_eq!(supported(&bytes), None);
    }
}
