// SPDX-License-Identifier: GPL-2.0

//! The proof that the take-over is going on, and the functions that only the take-over may call.

use crate::{
    ffi::protection::Protection,
    plan::{
        base::addr::{
            PhysRange,
            VirtAddr, //
        },
        firmware::service::Services,
    },
};
use core::{
    ops::Deref,
    ptr::{
        addr_of,
        addr_of_mut, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    types::NotThreadSafe, //
};

pub(crate) use bindings::{
    efi_rtmap_boot_facts as BootFacts,
    efi_rtmap_pointers as Pointers, //
};

/// The kernel boots. A function that ends in boot-only C code takes a reference to this, or to a
/// [`TakeOver`].
///
/// # Invariants
///
/// `__init` code and data are in memory, and no other thread looks at `efi`'s memory map or at the
/// handover table.
// The type is not `Sync`, so no static can hold it.
pub(crate) struct Booting(NotThreadSafe);

impl Booting {
    /// # Safety
    ///
    /// The type invariants hold for as long as the value exists.
    pub(crate) unsafe fn new() -> Self {
        // INVARIANT: By this function's contract.
        Self(NotThreadSafe)
    }
}

/// The take-over is going on.
///
/// # Invariants
///
/// No other thread looks at any part of `efi`, and no other processor runs yet.
pub(crate) struct TakeOver(Booting);

impl TakeOver {
    /// # Safety
    ///
    /// The type invariants, and those of [`Booting`], hold for as long as the value exists.
    pub(crate) unsafe fn new() -> Self {
        // INVARIANT: By this function's contract.
        // SAFETY: As above.
        Self(unsafe { Booting::new() })
    }
}

impl Deref for TakeOver {
    type Target = Booting;

    fn deref(&self) -> &Booting {
        &self.0
    }
}

/// Replaces the services that the kernel regards as supported, as bits of RT_PROPERTIES.
pub(crate) fn set_supported(_: &TakeOver, services: u32) {
    // SAFETY: By the invariants of `TakeOver`, nobody else looks at `efi`.
    unsafe { addr_of_mut!(bindings::efi.runtime_supported_mask).write(services) };
}

/// The facts of the boot that only C knows.
pub(crate) fn boot_facts(_: &Booting) -> BootFacts {
    let mut facts = BootFacts::default();
    // SAFETY: `facts` is valid for writes, and `__init` code is there.
    unsafe { bindings::efi_rtmap_boot_facts(&mut facts) };
    facts
}

/// The physical pointers of the system table. `table` is a copy of this table.
pub(crate) fn pointers(_: &TakeOver, table: &[u8]) -> Pointers {
    let mut pointers = Pointers::default();
    // SAFETY: `pointers` is valid for writes, `table` for reads of its length, and nobody else
    // looks at `efi`.
    unsafe { bindings::efi_rtmap_pointers(&mut pointers, table.as_ptr().cast(), table.len()) };
    pointers
}

/// Lets `fill` write the kernel's memory map anew.
///
/// # Errors
///
/// Those of `fill`, and `ENOENT` if there is no memory map.
pub(crate) fn rewrite_memory_map(_: &Booting, fill: impl FnOnce(&mut [u8]) -> Result) -> Result {
    // SAFETY: By the invariants of `Booting`, nobody else looks at it.
    let memmap = unsafe { addr_of!(bindings::efi.memmap).read() };
    let size = usize::try_from(memmap.nr_map)? * memmap.desc_size;
    if memmap.map.is_null() {
        return Err(ENOENT);
    }
    // SAFETY: `map` is the kernel's mapping of `nr_map` descriptors of `desc_size` bytes, in memory
    // that is kept for them. Nobody else looks at it.
    fill(unsafe { core::slice::from_raw_parts_mut(memmap.map.cast::<u8>(), size) })
}

/// Allocates page tables for firmware calls. They map nothing of firmware yet.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn alloc_tables(_: &TakeOver) -> Result {
    // SAFETY: `__init` code is there.
    kernel::error::to_result(unsafe { bindings::efi_rtmap_alloc_tables() })
}

/// Maps `phys` to `virt` with `protection`.
///
/// # Errors
///
/// `ENOMEM` if there is no memory for page tables, `EOVERFLOW` for more than 16 TiB.
pub(crate) fn map(
    _: &TakeOver,
    phys: &PhysRange,
    virt: VirtAddr,
    protection: Protection,
) -> Result {
    let pages = u32::try_from(phys.pages().count())?;
    let start = phys.start().value();
    // SAFETY: `__init` code is there. The tables are in use by firmware calls only, and the plan
    // maps what firmware describes as its own.
    let error = unsafe { bindings::efi_rtmap_map(start, virt.value(), pages, protection.bits()) };
    if error == 0 {
        Ok(())
    } else {
        Err(ENOMEM)
    }
}

/// Lets the kernel call the runtime services from now on, except the services in `off`. If `collect`,
/// firmware is asked to put its variable store in order, where kernels do that.
pub(crate) fn enable_services(_: &TakeOver, off: Services, forward_cfg: bool, collect: bool) {
    // SAFETY: `__init` code is there.
    unsafe { bindings::efi_rtmap_enable(off.bits(), forward_cfg, collect) };
}

/// Keeps the kernel from calling the runtime services. If `pass_on`, firmware is passed on to
/// successors.
pub(crate) fn disable_services(_: &TakeOver, pass_on: bool) {
    // SAFETY: `__init` code is there.
    unsafe { bindings::efi_rtmap_disable(pass_on) };
}
