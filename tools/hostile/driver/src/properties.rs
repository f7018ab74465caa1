// SPDX-License-Identifier: GPL-2.0
//! RT_PROPERTIES, the table of services that firmware supports at run time (UEFI 2.10, 4.6.2).

use efi_rtmap_orders::{Service, What};
use uefi_raw::table::boot::{BootServices, MemoryType};
use uefi_raw::{guid, Guid, Status};

use crate::boot_services::checked;
use crate::schedule::{announce, ordered};

const TABLE: Guid = guid!("eb66918a-7eef-402a-842e-931d21c38ae9");
const VARIABLES: [Service; 4] = [
    Service::GetVariable,
    Service::GetNextVariableName,
    Service::SetVariable,
    Service::QueryVariableInfo,
];

/// EFI_RT_PROPERTIES_TABLE.
#[repr(C)]
struct Properties {
    version: u16,
    length: u16,
    supported: u32,
}

/// Installs the table if it has to deny a service. Without the table, all services are supported.
///
/// # Safety
///
/// Boot services are there.
pub unsafe fn install(boot: &BootServices) -> Result<(), Status> {
    let mut supported = (1 << Service::ALL.len()) - 1;
    if let Some(fault) = ordered(What::PropertiesWithoutSvam) {
        announce(fault, fault.service);
        supported &= !bit(Service::SetVirtualAddressMap);
    }
    if let Some(fault) = ordered(What::PropertiesWithoutVariables) {
        announce(fault, fault.service);
        supported &= !VARIABLES
            .into_iter()
            .fold(0, |bits, service| bits | bit(service));
    }
    if supported == (1 << Service::ALL.len()) - 1 {
        return Ok(());
    }
    let mut table = core::ptr::null_mut();
    // SAFETY: the caller's; a pool of this size is aligned to 8 bytes.
    unsafe {
        let size = size_of::<Properties>();
        checked((boot.allocate_pool)(
            MemoryType::ACPI_RECLAIM,
            size,
            &mut table,
        ))?;
        table.cast::<Properties>().write(Properties {
            version: 1,
            length: size as u16,
            supported,
        });
        checked((boot.install_configuration_table)(&TABLE, table.cast()))
    }
}

/// The table has its bits in the order of the services table, with two exceptions:
/// SetVirtualAddressMap and ConvertPointer come after the four services of variables.
fn bit(service: Service) -> u32 {
    let number = match service {
        Service::GetVariable => 4,
        Service::GetNextVariableName => 5,
        Service::SetVariable => 6,
        Service::SetVirtualAddressMap => 7,
        Service::ConvertPointer => 8,
        other => other as u32,
    };
    1 << number
}

/// Refuses services that the table denies.
pub fn refuse(service: Service) -> bool {
    let denied = ordered(What::PropertiesWithoutVariables);
    match denied.filter(|_| VARIABLES.contains(&service)) {
        None => false,
        Some(fault) => {
            announce(fault, service);
            true
        }
    }
}
