// SPDX-License-Identifier: GPL-2.0

//! Functions that show the map: to sysfs, and to other parts of the kernel.

use crate::{
    ffi::{
        Info,
        RegionInfo, //
    },
    report, state,
};
use core::slice;
use kernel::{
    prelude::*,
    str::CString, //
};

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
