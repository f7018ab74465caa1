// SPDX-License-Identifier: GPL-2.0
//! Firmware's adversary: an EFI runtime driver between kernel and runtime services. It reports each
//! call with its caller and its address, and misbehaves by its orders.
//!
//! The code of the services' hooks must work without boot services, without allocation, and with
//! the image at any address that the kernel has chosen.

#![no_std]
#![no_main]

mod arch;
mod attributes;
mod boot_services;
mod calls;
mod ends;
mod esrt;
mod fw_cfg;
mod image;
mod lies;
mod memory_map;
mod processor;
mod properties;
mod regions;
mod report;
mod schedule;
mod services;
mod svam;

use core::panic::PanicInfo;

use efi_rtmap_orders::{Event, Orders, What, FW_CFG_NAME, MAX_SIZE};
use uefi_raw::table::system::SystemTable;
use uefi_raw::{Handle, Status};

#[no_mangle]
unsafe extern "efiapi" fn efi_main(_image: Handle, system: *mut SystemTable) -> Status {
    let Some(orders) = read_orders() else {
        return Status::LOAD_ERROR;
    };
    report::say(&Event::Ready {
        code: image::base(),
        faults: orders.faults.len() as u8,
    });
    schedule::start(orders);
    // SAFETY: firmware has started this image with its system table; boot services are there.
    let done = unsafe {
        let boot = &mut *(*system).boot_services;
        // If this fails, the image is unloaded, so nothing may point to it yet.
        if let Err(error) = regions::allocate(boot, &*(*system).runtime_services) {
            return error;
        }
        services::hook((*system).runtime_services);
        boot_services::prepare(boot, system)
            .and_then(|()| properties::install(boot))
            .and_then(|()| esrt::install(boot))
            .map(|()| memory_map::hook(boot))
    };
    done.err().unwrap_or(Status::SUCCESS)
}

/// Without orders, the driver behaves well. Orders that cannot be read are an error.
fn read_orders() -> Option<Orders> {
    let mut bytes = [0; MAX_SIZE];
    match fw_cfg::read(FW_CFG_NAME, &mut bytes) {
        None => Some(Orders::default()),
        Some(orders) => postcard::from_bytes(orders).ok(),
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    arch::crash(What::UndefinedInstruction);
    loop {}
}
