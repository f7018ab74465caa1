// SPDX-License-Identifier: GPL-2.0
//! SetVirtualAddressMap(): it is counted and reported, and most of firmware's misbehaviour is here.
//!
//! Code that runs after firmware's own call has returned must not use constants that hold
//! addresses, such as text: the constants have moved already, and the processor is still at the old
//! place.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use efi_rtmap_false_tables::Descriptors;
use efi_rtmap_orders::{Event, Fault, Service, What};
use uefi_raw::Status;

use crate::report::say;
use crate::schedule::{all, announce, due, ordered};
use crate::services::{self, Arguments};
use crate::{arch, boot_services, image};

const SERVICE: Service = Service::SetVirtualAddressMap;

static COUNT: AtomicU32 = AtomicU32::new(0);
static RUNNING: AtomicBool = AtomicBool::new(false);
static DONE: AtomicBool = AtomicBool::new(false);
static MOVED: AtomicBool = AtomicBool::new(false);

/// Firmware is in this call: other calls come from other drivers, at old addresses.
pub fn is_running() -> bool {
    RUNNING.load(Relaxed)
}

pub fn was_called() -> bool {
    DONE.load(Relaxed)
}

/// The call was made, and it has moved our image.
pub fn has_moved_us() -> bool {
    MOVED.load(Relaxed)
}

/// # Safety
///
/// The arguments are those of a call of SetVirtualAddressMap().
pub unsafe fn serve(arguments: Arguments, number: u32) -> Status {
    let count = COUNT.load(Relaxed).saturating_add(1);
    COUNT.store(count, Relaxed);
    let [size, descriptor_size, _, map, _] = arguments;
    // SAFETY: the caller's: a map of so many bytes.
    let map = unsafe { core::slice::from_raw_parts(map as *const u8, size) };
    let map = Descriptors::new(map, descriptor_size);
    let phys = image::base();
    let virt = map.virtual_address(phys).unwrap_or(0);
    let identity = map.is_identity();
    say(&Event::Svam {
        count,
        phys,
        virt,
        pc: arch::program_counter(),
        identity,
    });
    if count > 1 {
        // At most one call is allowed in firmware's life, with any orders.
        arch::crash(What::UndefinedInstruction);
    }

    for fault in due(SERVICE, number) {
        if let Some(status) = before(fault, identity) {
            return status;
        }
    }
    if let Some(fault) = ordered(What::PropertiesWithoutSvam) {
        announce(fault, SERVICE);
        return Status::UNSUPPORTED;
    }
    let announced = all().filter(|fault| fault.what == What::KeepsServicePointer);
    announced.for_each(|fault| announce(fault, fault.service));

    RUNNING.store(true, Relaxed);
    // SAFETY: the caller's.
    let status = unsafe { services::pass_on(SERVICE, arguments) };
    RUNNING.store(false, Relaxed);
    if status == Status::SUCCESS {
        DONE.store(true, Relaxed);
        MOVED.store(virt != phys, Relaxed);
        services::use_converted();
        leave_behind(virt.wrapping_sub(phys), number);
        if due(SERVICE, number).any(|fault| fault.what == What::SvamWarning) {
            return Status::WARN_STALE_DATA;
        }
    }
    status
}

/// Returns a status if the call ends here.
fn before(fault: &'static Fault, identity: bool) -> Option<Status> {
    if fault.what == What::BreaksOnIdentity && !identity {
        return None;
    }
    announce(fault, SERVICE);
    match fault.what {
        What::SvamUnsupported => return Some(Status::UNSUPPORTED),
        What::SvamInvalidParameter => return Some(Status::INVALID_PARAMETER),
        What::SvamNoMapping => return Some(Status::NO_MAPPING),
        What::SvamNotFound => return Some(Status::NOT_FOUND),
        What::SvamConvertsNothing => {
            DONE.store(true, Relaxed);
            return Some(Status::SUCCESS);
        }
        What::SvamWritesPageZero => arch::store(0),
        What::SvamUsesBootServices => boot_services::use_them(),
        What::SvamUsesSimd => arch::use_simd(),
        What::BreaksOnSvam | What::BreaksOnIdentity => arch::crash(What::UndefinedInstruction),
        what => arch::crash(what),
    }
    None
}

/// Performs the faults after the call. Our addresses have grown by `distance`.
fn leave_behind(distance: u64, number: u32) {
    for fault in due(SERVICE, number) {
        if fault.what == What::SvamUsesBothMaps {
            let here = (&raw const COUNT) as u64;
            arch::load(here);
            arch::load(here.wrapping_add(distance));
        }
    }
    for fault in all().filter(|fault| fault.what == What::KeepsServicePointer) {
        services::keep_pointer(fault.service);
    }
}
