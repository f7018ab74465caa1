// SPDX-License-Identifier: GPL-2.0

//! The functions that C calls. Only here do pointers become slices and references.

#![allow(unsafe_code)]

use crate::{
    call::{
        self,
        fault,
        inside,
        resume, //
    },
    ffi::{
        self,
        Booting,
        Info,
        RegionInfo,
        TakeOver, //
    },
    handover::{
        carriers,
        table_memory::TableMemory, //
    },
    plan::{
        base::addr::{
            PhysAddr,
            VirtAddr, //
        },
        firmware::walk::Walk,
    },
    report,
    state::{
        self,
        Origin,
        State, //
    },
    takeover::{
        self,
        pass_on, //
    },
};
use core::slice;
use kernel::{
    prelude::*,
    str::{
        BStr,
        CString, //
    },
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// Seconds that the kernel waits for a call, in addition to the limit of the call.
const GRACE_SECONDS: u32 = 5;

/// The walk through variables of the last call of GetNextVariableName. Concurrent calls may lose a
/// step, which makes a walk longer by one.
static WALK: Atomic<u64> = Atomic::new(0);

/// Reads the words of one `efi=` option.
///
/// # Safety
///
/// `option` is a NUL-terminated string. No other thread is there yet.
#[export]
unsafe extern "C" fn efi_rtmap_parse_option(option: *const c_char) {
    // SAFETY: By this function's contract.
    let option = unsafe { CStr::from_char_ptr(option) };
    let request = state::request().add(option.to_bytes(), |word| {
        pr_warn!(
            "unknown option 'rtmap:{}': choose auto, phys, ident, fixed, off, retry or timeout=N\n",
            BStr::from_bytes(word)
        );
    });
    state::set_request(request);
}

/// Tells if everything is left to stock Linux.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_off() -> bool {
    state::request().off
}

/// Marks the handover table as used, if the take-over has not done so. Even if this kernel could
/// not take the map over, its successors are not the first kernel.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_leave_mark() {
    if state::map().is_some() {
        return;
    }
    if let Some(table) = TableMemory::installed() {
        table.leave_mark();
    }
}

/// Takes the runtime map over. Returns `false` to leave everything to C.
///
/// # Safety
///
/// Called once, while the kernel boots, with the physical address of the system table. `__init`
/// code is there, and no other thread looks at `efi` or at the handover table.
#[export]
unsafe extern "C" fn efi_rtmap_take_over(systab: usize) -> bool {
    // SAFETY: By this function's contract.
    let take_over = &unsafe { TakeOver::new() };
    let request = state::request();
    if request.off {
        // The content of the table does not matter: off is off.
        pr_info!("off, as requested\n");
        return false;
    }
    if let Err(error) = ffi::guard_calls() {
        pr_warn!("firmware calls have no time limit: {error:?}\n");
    }
    let Some(map) = takeover::run(take_over, request, PhysAddr::new(systab as u64)).transpose()
    else {
        return false;
    };
    // Calls may be made as soon as services are enabled, so the map must be known before.
    if let Some(state) = state::set(State { request, map }) {
        match &state.map {
            Ok(map) => {
                let fresh = map.origin == Origin::Fresh;
                ffi::enable_services(take_over, map.services_off, map.snapshot.forward_cfg, fresh);
            }
            Err(_) => ffi::disable_services(take_over, carriers::deny_services()),
        }
        report::print(state);
    }
    true
}

/// Passes on to successors the state that this kernel has found. This kernel must not call
/// firmware.
///
/// # Safety
///
/// Called once, while the kernel boots. `__init` code is there, and no other thread looks at
/// `efi`'s memory map or at the handover table.
#[export]
unsafe extern "C" fn efi_rtmap_pass_on() {
    // SAFETY: By this function's contract.
    let booting = unsafe { Booting::new() };
    match pass_on::run(&booting) {
        Ok(()) => {
            pr_info!(
                "firmware is not called, by efi=noruntime or by default, and passed on as it is\n"
            )
        }
        Err(failure) => pr_warn!("firmware is not passed on: {}\n", format_args!("{failure}")),
    }
}

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

/// Tells if a thread is inside firmware.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_is_occupied() -> bool {
    inside::is_occupied()
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

/// The seconds that the kernel waits for a firmware call before it gives up the call and the thread
/// that makes it. This is more than the call may take.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_longest_wait() -> u32 {
    state::request().longest_call() + GRACE_SECONDS
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
    let denies = |table: &TableMemory| table.supported().is_some();
    !state::is_faulted() || map.table.as_ref().is_some_and(denies)
}

/// Tells if a list of variables is too long at the name with this checksum.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_names_end_at(name: u32) -> bool {
    Walk::from_bits(WALK.load(Relaxed)).ends_at(name)
}

/// Records that firmware has answered the name `from` with the name `to`.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_name_given(from: u32, to: u32) {
    let walk = Walk::from_bits(WALK.load(Relaxed));
    WALK.store(walk.step(from, to).to_bits(), Relaxed);
}

/// Tells if there are values to show in sysfs.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_took_over() -> bool {
    state::get().is_some()
}

/// Writes the value of a file in sysfs, and a newline, to `buf`.
///
/// # Safety
///
/// `file` is a NUL-terminated string, and `buf` is valid for writes of `size` bytes.
#[export]
unsafe extern "C" fn efi_rtmap_show(file: *const c_char, buf: *mut c_char, size: usize) -> isize {
    let Some(state) = state::get() else {
        return ENODEV.to_errno() as isize;
    };
    // SAFETY: By this function's contract.
    let file = unsafe { CStr::from_char_ptr(file) }.to_bytes();
    let value = report::Value { state, file };
    let Ok(text) = CString::try_from_fmt(fmt!("{}\n", format_args!("{value}"))) else {
        return ENOMEM.to_errno() as isize;
    };
    // SAFETY: By this function's contract.
    let target = unsafe { slice::from_raw_parts_mut(buf.cast::<u8>(), size) };
    let count = text.to_bytes().len().min(size);
    for (target, byte) in target.iter_mut().zip(text.to_bytes()) {
        *target = *byte;
    }
    count as isize
}

/// The size of the handover table in bytes, or 0 if there is none.
///
/// # Safety
///
/// None is needed; `#[export]` asks for the keyword.
#[export]
unsafe extern "C" fn efi_rtmap_table_size() -> usize {
    let table = state::map().and_then(|map| map.table.as_ref());
    table.map_or(0, |table| table.size())
}

/// Copies bytes of the handover table.
///
/// # Safety
///
/// `buf` is valid for writes of `size` bytes.
#[export]
unsafe extern "C" fn efi_rtmap_read_table(buf: *mut c_char, offset: usize, size: usize) -> isize {
    let Some(table) = state::map().and_then(|map| map.table.as_ref()) else {
        return 0;
    };
    // SAFETY: By this function's contract.
    let target = unsafe { slice::from_raw_parts_mut(buf.cast::<u8>(), size) };
    table.read(offset, target) as isize
}

/// Describes the map to other parts of the kernel. Returns `false` if there is none.
///
/// # Safety
///
/// `info` is valid for writes.
#[export]
unsafe extern "C" fn efi_rtmap_get_info(info: *mut Info) -> bool {
    let Some(map) = state::map() else {
        return false;
    };
    let value = Info {
        kind: map.snapshot.kind as u32,
        origin: map.origin as u32,
        generation: map.snapshot.generation,
        regions: u32::try_from(map.regions.len()).unwrap_or(u32::MAX),
    };
    // SAFETY: By this function's contract.
    unsafe { info.write(value) };
    true
}

/// Describes a runtime region to other parts of the kernel. Returns `false` if there is no region
/// of this number.
///
/// # Safety
///
/// `region` is valid for writes.
#[export]
unsafe extern "C" fn efi_rtmap_get_region(index: u32, region: *mut RegionInfo) -> bool {
    let Some(found) = state::map().and_then(|map| map.regions.get(index as usize)) else {
        return false;
    };
    let value = RegionInfo {
        phys: found.phys.start().value(),
        virt: found.virt.value(),
        pages: found.phys.pages().count(),
        type_: found.ty.0,
    };
    // SAFETY: By this function's contract.
    unsafe { region.write(value) };
    true
}
