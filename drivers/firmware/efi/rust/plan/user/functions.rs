// SPDX-License-Identifier: GPL-2.0

//! The addresses of the services.

use crate::plan::{
    base::addr::VirtAddr,
    firmware::{
        runtime::RuntimeTable,
        service::{
            Service,
            CALLED, //
        },
    },
};

/// The addresses of the services, in the order of [`CALLED`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Functions([Option<VirtAddr>; CALLED.len()]);

impl Functions {
    pub(crate) fn new(table: &RuntimeTable<'_>) -> Self {
        Self(CALLED.map(|service| table.pointer(&service)))
    }

    /// The address of `service`, or [`None`] if firmware does not have it.
    pub(crate) fn of(&self, service: &Service) -> Option<VirtAddr> {
        let mut both = CALLED.iter().zip(self.0);
        let (_, address) = both.find(|(called, _)| called.mark == service.mark)?;
        address
    }
}

#[cfg_attr(
    CONFIG_EFI_RTMAP_KUNIT_TEST,
    ::kernel::macros::kunit_tests(efi_rtmap_user_functions)
)]
#[cfg(any(test, CONFIG_EFI_RTMAP_KUNIT_TEST))]
mod tests {
    use super::*;
    use crate::plan::firmware::{
        runtime_fixtures::table,
        width::Width, //
    };

    #[test]
    fn each_service_has_its_own() {
        let bytes = table(|slot| Some(0x1000 * slot as u64));
        let functions = RuntimeTable::new(&bytes, Width::Bits64).map(|t| Functions::new(&t));
        for service in &CALLED {
            let expected = Some(VirtAddr::new(0x1000 * service.slot as u64));
            assert_eq!(functions.map(|f| f.of(service)), Ok(expected));
        }
    }
}
