// SPDX-License-Identifier: GPL-2.0

//! The steps around one firmware call on arm64.

use super::Arch;
use crate::{
    arch::CallsFirmware,
    ffi::Watched, //
};
use kernel::{
    bindings,
    types::NotThreadSafe, //
};

/// The processor in the state that firmware expects. A drop restores its former state.
// Fields are dropped in the order of declaration. TTBR0 goes out of use before the page tables
// change, so that an exception cannot bring those of user space back. While TTBR0 is in use, no
// step may let another thread run, as timers could: the state of TTBR0 would be lost.
#[must_use = "the processor is put back immediately when this is unused"]
pub(crate) struct Installed {
    _fpsimd: FpsimdSection,
    _ttbr0: Ttbr0InUse,
    _watched: Watched,
    _mm: FirmwareMm,
}

const _: () =
    assert!(Arch::KEPT.len() == bindings::efi_rtmap_kept_EFI_RTMAP_KEPT_REGISTERS as usize);

impl CallsFirmware for Arch {
    const KEPT: &'static [&'static str] = &[
        "X19", "X20", "X21", "X22", "X23", "X24", "X25", "X26", "X27", "X28", "X29", "SP", "X18",
    ];

    type Installed = Installed;

    unsafe fn install(limit: u32) -> Installed {
        // SAFETY: By this function's contract.
        let mm = unsafe { FirmwareMm::new() };
        // From here on, the thread does not migrate.
        let watched = Watched::new(limit);
        let fpsimd = FpsimdSection::new();
        // SAFETY: `mm` is the address space until after this is dropped.
        let ttbr0 = unsafe { Ttbr0InUse::new() };
        Installed {
            _fpsimd: fpsimd,
            _ttbr0: ttbr0,
            _watched: watched,
            _mm: mm,
        }
    }
}

/// `efi_mm` is the address space of the lower half.
///
/// # Invariants
///
/// Holds how it was entered: as a kernel thread, preemptible, or with preemption off.
struct FirmwareMm(bool, NotThreadSafe);

impl FirmwareMm {
    /// # Safety
    ///
    /// The page tables of `efi_mm` have been built, and the thread is inside firmware until the
    /// value is dropped.
    unsafe fn new() -> Self {
        // INVARIANT: That is what the function returns.
        // SAFETY: By this function's contract.
        Self(unsafe { bindings::efi_rtmap_enter_mm() }, NotThreadSafe)
    }
}

impl Drop for FirmwareMm {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. The thread is the one that called `new`.
        unsafe { bindings::efi_rtmap_leave_mm(self.0) };
    }
}

/// Firmware may use the FPSIMD registers.
struct FpsimdSection(NotThreadSafe);

impl FpsimdSection {
    fn new() -> Self {
        // SAFETY: There are no requirements: the function knows the contexts that firmware is
        // called from.
        unsafe { bindings::efi_rtmap_fpsimd_begin() };
        Self(NotThreadSafe)
    }
}

impl Drop for FpsimdSection {
    fn drop(&mut self) {
        // SAFETY: `new` has begun the section.
        unsafe { bindings::efi_rtmap_fpsimd_end() };
    }
}

/// TTBR0 holds the page tables of the address space, also in a kernel that otherwise keeps TTBR0
/// empty outside of accesses to user space.
struct Ttbr0InUse(NotThreadSafe);

impl Ttbr0InUse {
    /// # Safety
    ///
    /// The address space is that of the firmware until after the value is dropped.
    unsafe fn new() -> Self {
        // SAFETY: By this function's contract.
        unsafe { bindings::efi_rtmap_enable_ttbr0() };
        Self(NotThreadSafe)
    }
}

impl Drop for Ttbr0InUse {
    fn drop(&mut self) {
        // SAFETY: `new` has put it in use.
        unsafe { bindings::efi_rtmap_disable_ttbr0() };
    }
}
