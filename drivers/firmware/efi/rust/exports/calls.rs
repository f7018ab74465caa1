// SPDX-License-Identifier: GPL-2.0

//! Functions that C calls around a firmware call.

use crate::{
    call::{
        self,
        answers,
        fault,
        inside,
        resume, //
    },
    ffi::{
        self,
        Guid, //
    },
    handover::table_memory::TableMemory,
    plan::{
        base::addr::VirtAddr,
        firmware::walk::Name, //
    },
    state,
};
use core::slice;
use kernel::prelude::*;

/// Milliseconds that the kernel waits for a call, in addition to the limit of the call.
const GRACE: u32 = 5000;

/// Installs the map for a firmware call.
///
/// # Safety
///
/// See [`call::install`].
#[export]
unsafe extern "C" fn efi_rtmap_install() -> bool {
    // SAFETY: By this function's contract.
    unsafe { call::install() }
}

/// Removes the map after a firmware call.
///
/// # Safety
///
/// See [`call::remove`].
#[export]
unsafe extern "C" fn efi_rtmap_remove() -> bool {
    // SAFETY: By this function's contract.
    unsafe { call::remove() }
}

/// Tells if the current thread may enter firmware. Called after it has installed the map.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_admitted() -> bool {
    call::is_admitted()
}

/// Records that firmware has returned `status`, and returns it.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_returned(status: u64) -> u64 {
    call::returned(status);
    status
}

/// Tells if a thread is inside firmware.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_occupied() -> bool {
    inside::is_occupied()
}

/// Tells if a call is in progress that has had its time.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_given_up() -> bool {
    inside::is_given_up()
}

/// Keeps all threads but the current one out of firmware from now on.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_reserve() {
    inside::reserve();
}

/// The milliseconds that the kernel waits for a firmware call before it gives up the call and the thread
/// that makes it. This is more than the call may take.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_longest_wait() -> u32 {
    state::request().longest_call() + GRACE
}

/// Lets the firmware call in progress be aborted even if it writes.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_tear_call() {
    ffi::tear_call();
}

/// Records that the firmware call in progress takes too long.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_call_hung(service: u32) {
    call::hung(service);
}

/// Checks firmware after the machine has slept. Returns `true` if it can still be called.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_resume() -> bool {
    resume::resume()
}

/// Prints the region and the code at an address where firmware has faulted.
///
/// # Safety
///
/// Called in the exception that the fault has raised, with the map installed.
#[export]
unsafe extern "C" fn efi_rtmap_show_place(address: usize) {
    let address = VirtAddr::new(address as u64);
    if let Some(map) = state::map() {
        // SAFETY: The map is installed, by this function's contract, and the address is in it.
        let read = |address, bytes: &mut [u8]| unsafe { ffi::read_mapped(address, bytes) };
        fault::show_place(map, address, read);
    }
}

/// Tells if firmware has failed, and is not called any more.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_faulted() -> bool {
    state::is_faulted()
}

/// Tells if this kernel may pass firmware on to successors: if firmware has failed, that requires a
/// way to keep them from calling it.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_can_pass_on() -> bool {
    let Some(state) = state::get() else {
        return false;
    };
    let Ok(map) = &state.map else {
        // If successors could call firmware, the take-over would have removed the memory map.
        return true;
    };
    !state::is_faulted() || map.table.as_ref().is_some_and(TableMemory::can_deny)
}

/// Returns the checksum of a variable's name, as the functions below take it.
///
/// # Safety
///
/// `name` is valid for reads of `room` bytes, and `vendor` for reads.
#[export]
unsafe extern "C" fn efi_rtmap_name(name: *const u16, vendor: *const Guid, room: usize) -> u32 {
    // SAFETY: By this function's contract.
    let room = unsafe { slice::from_raw_parts(name.cast(), room) };
    // SAFETY: By this function's contract.
    let vendor = unsafe { &(*vendor).b };
    Name::new(room, vendor, ffi::crc32).0
}

/// Tells if the list of variables is too long at this name.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_names_end_at(name: u32) -> bool {
    answers::names_end_at(Name(name))
}

/// Records that firmware has answered the name `from` with the name `to`.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_name_given(from: u32, to: u32) {
    answers::name_given(Name(from), Name(to));
}

/// Tells if the answer of `service` fits into a buffer of `room` bytes. If not, its `size` becomes
/// 0.
///
/// # Safety
///
/// `size` is valid for reads and writes.
#[export]
unsafe extern "C" fn efi_rtmap_fits(service: u32, size: *mut usize, room: usize) -> bool {
    // SAFETY: By this function's contract.
    let size = unsafe { &mut *size };
    let fits = answers::fits(service, *size, room);
    if !fits {
        *size = 0;
    }
    fits
}
