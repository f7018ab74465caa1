// SPDX-License-Identifier: GPL-2.0

//! A stock kernel: `libstub/fdt.c`, `libstub/arm64.c`, `arm-runtime.c`, and on x86 `efi.c` and
//! `kexec-bzimage64.c`.

use super::*;

/// The stub. Returns `false` if firmware does not return to it.
pub(super) fn stub(kernel: &Kernel, arch: Arch, firmware: &mut Firmware, left: &mut Left) -> bool {
    if arch == Arch::X86 {
        return true;
    }
    make_identity(&mut left.regions);
    let needs_svam = firmware.quirk == Some(Kind::Fixed);
    if !kernel.narrow && !needs_svam || !firmware.supports_svam {
        return true;
    }
    // Addresses go up from EFI_RT_VIRTUAL_BASE, and suit pages of 64 KiB.
    let mut next = 512 << 20;
    for region in &mut left.regions {
        region.virt = VirtAddr::new(next);
        next += region.phys.bytes().next_multiple_of(64 << 10);
    }
    match firmware.svam(&left.regions) {
        Ok(()) => true,
        Err(EFI_ABORTED) => false,
        Err(_) => {
            refuse(&mut left.regions);
            true
        }
    }
}

/// Sets all bits of the addresses: SVAM has failed.
pub(super) fn refuse(regions: &mut [Region]) {
    for region in regions {
        region.virt = VirtAddr::new(u64::MAX);
    }
}

/// The kernel proper.
pub(super) fn boot(
    kernel: &Kernel,
    arch: Arch,
    firmware: &mut Firmware,
    left: &mut Left,
) -> Outcome {
    let mapped = match arch {
        Arch::Arm64 => fits(kernel, arch, &left.regions),
        Arch::X86 if left.kexec => kernel.calls,
        Arch::X86 => {
            kernel.calls && {
                X86_64.lay_out_fixed(&mut left.regions).unwrap();
                firmware.svam(&left.regions).is_ok()
            }
        }
    };
    Outcome {
        serves: mapped && kernel.calls && !left.denied,
        // The device tree is passed on unchanged.
        passes_on: mapped || arch == Arch::Arm64,
        generation: None,
    }
}

fn fits(kernel: &Kernel, arch: Arch, regions: &[Region]) -> bool {
    let end = kernel.space(arch).fixed_top.value();
    regions.iter().all(|region| region.virt.value() < end)
}
