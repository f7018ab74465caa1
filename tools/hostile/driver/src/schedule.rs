// SPDX-License-Identifier: GPL-2.0
//! The time of each misbehaviour: the orders, and the progress of the chain of kernels.
//!
//! One processor at a time enters firmware (UEFI 2.10, section 8.1). So a load and a store are
//! enough for a counter.

use core::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU8, Ordering::Relaxed};

use efi_rtmap_orders::{Event, Fault, Orders, Service, What, MAX_FAULTS};
use spin::Once;

use crate::report::say;

/// The limit keeps an endless lie from filling the disk.
const MOST_TOLD: u8 = 16;

static ORDERS: Once<Orders> = Once::new();
static AT_RUNTIME: AtomicBool = AtomicBool::new(false);
static GENERATION: AtomicU16 = AtomicU16::new(0);
static CALLS: [AtomicU32; Service::ALL.len()] = [const { AtomicU32::new(0) }; Service::ALL.len()];
static TOLD: [AtomicU8; MAX_FAULTS] = [const { AtomicU8::new(0) }; MAX_FAULTS];

pub fn start(orders: Orders) {
    ORDERS.call_once(|| orders);
}

/// Boot services have ended: all later calls are a kernel's.
pub fn begin_runtime() {
    AT_RUNTIME.store(true, Relaxed);
}

pub fn at_runtime() -> bool {
    AT_RUNTIME.load(Relaxed)
}

pub fn generation() -> u16 {
    GENERATION.load(Relaxed)
}

/// Begins a generation. A second announcement of the same generation has no effect.
pub fn begin_generation(number: u16) {
    if number == generation() {
        return;
    }
    GENERATION.store(number, Relaxed);
    for calls in &CALLS {
        calls.store(0, Relaxed);
    }
    for told in &TOLD {
        told.store(0, Relaxed);
    }
}

/// Returns the number of this call of this service in this generation, from 1.
pub fn count(service: Service) -> u32 {
    let calls = &CALLS[service as usize];
    let count = calls.load(Relaxed).saturating_add(1);
    calls.store(count, Relaxed);
    count
}

/// Returns the fault if it was ordered, for any service.
pub fn ordered(what: What) -> Option<&'static Fault> {
    all().find(|fault| fault.what == what)
}

pub fn all() -> impl Iterator<Item = &'static Fault> {
    ORDERS.get().into_iter().flat_map(|orders| &orders.faults)
}

/// Returns the faults for this call of this service.
pub fn due(service: Service, call: u32) -> impl Iterator<Item = &'static Fault> {
    all().filter(move |fault| {
        let now = generation();
        let due = match fault.call {
            0 => now >= fault.generation,
            number => now == fault.generation && call == number,
        };
        due && fault.in_calls_of() == Some(service)
    })
}

/// Call this before the fault happens: afterwards, this code may never run.
pub fn announce(fault: &'static Fault, service: Service) {
    announce_up_to(MOST_TOLD, fault, service);
}

/// Announces a fault that would otherwise be announced at each request of a kernel.
pub fn announce_once(fault: &'static Fault) {
    announce_up_to(1, fault, fault.service);
}

fn announce_up_to(most: u8, fault: &'static Fault, service: Service) {
    let Some(index) = all().position(|other| core::ptr::eq(other, fault)) else {
        return;
    };
    let told = TOLD[index].load(Relaxed);
    if told < most {
        TOLD[index].store(told + 1, Relaxed);
        say(&Event::Fault {
            what: fault.what,
            service,
            generation: generation(),
        });
    }
}
