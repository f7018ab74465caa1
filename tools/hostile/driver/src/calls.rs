// SPDX-License-Identifier: GPL-2.0
//! One call of a runtime service: its report and its misbehaviour.

use efi_rtmap_orders::{Event, Fault, Service, What, GENERATION_VARIABLE};
use uefi_raw::{Guid, Status};

use crate::lies::VENDOR;
use crate::report::say;
use crate::schedule::{
    announce, announce_once, at_runtime, begin_generation, count, due, generation, ordered,
};
use crate::services::{pass_on, Arguments};
use crate::{arch, boot_services, lies, processor, properties, svam};

/// The hook of the service with the number `INDEX` calls this function.
///
/// # Safety
///
/// The arguments are those of a call of that service.
pub unsafe extern "efiapi" fn serve<const INDEX: usize>(
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
) -> Status {
    let service = Service::ALL[INDEX];
    let arguments = [a, b, c, d, e];
    // SAFETY: the caller's.
    unsafe {
        if !at_runtime() || svam::is_running() {
            return pass_on(service, arguments);
        }
        if service == Service::SetVariable {
            if let Some(number) = announced_generation(arguments) {
                begin_generation(number);
                let pc = arch::program_counter();
                say(&Event::Generation { number, pc });
                // The call is only for this driver: firmware's variables stay unchanged.
                return Status::SUCCESS;
            }
        }
        let number = count(service);
        if number == 1 {
            say(&Event::Call {
                service,
                generation: generation(),
                pc: arch::program_counter(),
            });
        }
        if service == Service::SetVirtualAddressMap {
            return svam::serve(arguments, number);
        }
        in_every_call(service);
        ordinary(service, arguments, number)
    }
}

/// # Safety
///
/// These are the arguments of a call of SetVariable().
unsafe fn announced_generation(arguments: Arguments) -> Option<u16> {
    let [name, vendor, _, size, data] = arguments;
    let (name, vendor, data) = (
        name as *const u16,
        vendor as *const Guid,
        data as *const u16,
    );
    if name.is_null() || vendor.is_null() || data.is_null() || size != size_of::<u16>() {
        return None;
    }
    // SAFETY: the caller's: a name, zero at its end, a GUID and two bytes. The comparison of the name
    // stops at the first difference, so at its end at the latest.
    unsafe {
        let mut expected = GENERATION_VARIABLE.encode_utf16().chain([0]).enumerate();
        let same = expected.all(|(index, unit)| name.add(index).read_unaligned() == unit);
        (same && vendor.read_unaligned() == VENDOR).then(|| data.read_unaligned())
    }
}

/// Performs faults of the whole driver, not of one service.
fn in_every_call(service: Service) {
    if let Some(fault) = ordered(What::NeedsSvam) {
        if !svam::was_called() {
            announce(fault, service);
            arch::crash(What::UndefinedInstruction);
        }
    }
    if let Some(fault) = ordered(What::KeepsDataPointer) {
        if svam::has_moved_us() {
            announce(fault, service);
        }
        arch::load(boot_services::runtime_pool() as u64);
    }
}

/// # Safety
///
/// The arguments are those of a call of the service.
unsafe fn ordinary(service: Service, arguments: Arguments, number: u32) -> Status {
    // SAFETY: the caller's, here and below.
    unsafe {
        for fault in due(service, number) {
            if let Some(status) = before(fault, service, arguments) {
                return status;
            }
        }
        if properties::refuse(service) {
            return Status::UNSUPPORTED;
        }
        let capacity = lies::capacity(service, arguments);
        let status = pass_on(service, arguments);
        due(service, number).fold(status, |status, fault| {
            lies::after(fault, arguments, capacity, status)
        })
    }
}

/// Returns a status if the call ends here.
///
/// # Safety
///
/// The arguments are those of a call of the service.
unsafe fn before(fault: &'static Fault, service: Service, arguments: Arguments) -> Option<Status> {
    match fault.what {
        What::SizeBeyondBuffer | What::EndlessNames => return None,
        What::Slow => announce_once(fault),
        _ => announce(fault, service),
    }
    match fault.what {
        What::ReadsBootServices => arch::load(boot_services::data() as u64),
        What::ReadsPageZero => arch::load(0),
        What::UsesPrivilege => arch::use_privilege(),
        What::Slow => arch::wait(fault.count),
        What::MachineStops => wait_for_stop(),
        // SAFETY: the caller's; the service is the one of this lie.
        What::BufferTooSmall => return Some(unsafe { lies::buffer_too_small(arguments) }),
        what => {
            processor::spoil(what);
            arch::crash(what);
        }
    }
    None
}

/// Waits until the machine has been stopped and the delayed work is done. The processor's clock
/// shows the stop: nothing stops this clock.
fn wait_for_stop() {
    let mut before = arch::clock();
    loop {
        let now = arch::clock();
        if now.wrapping_sub(before) > arch::half_a_second() {
            break;
        }
        before = now;
    }
    arch::wait(2);
}
