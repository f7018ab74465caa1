// SPDX-License-Identifier: GPL-2.0

//! The steps around one firmware call on x86-64.

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
// Fields are dropped in the order of declaration: the reverse of the order of acquisition.
#[must_use = "the processor is put back immediately when this is unused"]
pub(crate) struct Installed {
    _watched: Watched,
    _lass: LassDisabled,
    _mm: FirmwareMm,
    _speculation: SpeculationRestricted,
    _fpu: FpuSection,
}

const _: () =
    assert!(Arch::KEPT.len() == bindings::efi_rtmap_kept_EFI_RTMAP_KEPT_MXCSR as usize + 1);

impl CallsFirmware for Arch {
    const KEPT: &'static [&'static str] = &[
        "RBX",
        "RBP",
        "R12",
        "R13",
        "R14",
        "R15",
        "the direction flag",
        "the alignment check flag",
        "the x87 control word",
        "MXCSR",
    ];

    type Installed = Installed;

    unsafe fn install(limit: u32) -> Installed {
        // SAFETY: The page tables are there, and no other thread is here that would copy into them.
        unsafe { bindings::efi_rtmap_sync_kernel_mappings() };
        let fpu = FpuSection::new();
        let speculation = SpeculationRestricted::new();
        // SAFETY: The page tables are there. From here to the drop of `_mm`, no other thread is
        // inside, and the FPU section keeps preemption away.
        let mm = unsafe { FirmwareMm::new() };
        // LASS may be disabled only now: user space is not mapped any more.
        let lass = LassDisabled::new();
        Installed {
            _watched: Watched::new(limit),
            _lass: lass,
            _mm: mm,
            _speculation: speculation,
            _fpu: fpu,
        }
    }
}

/// The kernel may use the FPU, as firmware does. Preemption is off.
struct FpuSection(NotThreadSafe);

impl FpuSection {
    fn new() -> Self {
        // SAFETY: Firmware calls are made from threads, which may use the FPU.
        unsafe { bindings::efi_rtmap_fpu_begin() };
        Self(NotThreadSafe)
    }
}

impl Drop for FpuSection {
    fn drop(&mut self) {
        // SAFETY: `new` has begun the section.
        unsafe { bindings::efi_rtmap_fpu_end() };
    }
}

/// Firmware has no retpolines, so its indirect branches are not speculated upon.
struct SpeculationRestricted(NotThreadSafe);

impl SpeculationRestricted {
    fn new() -> Self {
        // SAFETY: There are no requirements.
        unsafe { bindings::efi_rtmap_restrict_speculation() };
        Self(NotThreadSafe)
    }
}

impl Drop for SpeculationRestricted {
    fn drop(&mut self) {
        // SAFETY: `new` has restricted it.
        unsafe { bindings::efi_rtmap_unrestrict_speculation() };
    }
}

/// `efi_mm` is the address space.
///
/// # Invariants
///
/// Holds the address space that was there before.
struct FirmwareMm(*mut bindings::mm_struct);

impl FirmwareMm {
    /// # Safety
    ///
    /// The page tables of `efi_mm` have been built, no other thread calls this before the value is
    /// dropped, and preemption is off until then.
    unsafe fn new() -> Self {
        // INVARIANT: That is what the function returns.
        // SAFETY: By this function's contract.
        Self(unsafe { bindings::efi_rtmap_enter_mm() })
    }
}

impl Drop for FirmwareMm {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, and because preemption has been off since `new`.
        unsafe { bindings::efi_rtmap_leave_mm(self.0) };
    }
}

/// Linear address space separation is off: firmware works in the lower half.
///
/// # Invariants
///
/// Holds the bits of CR4 that were cleared.
struct LassDisabled(usize);

impl LassDisabled {
    fn new() -> Self {
        // INVARIANT: That is what the function returns.
        // SAFETY: There are no requirements.
        Self(unsafe { bindings::efi_rtmap_disable_lass() })
    }
}

impl Drop for LassDisabled {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, the bits were set before.
        unsafe { bindings::efi_rtmap_restore_lass(self.0) };
    }
}
