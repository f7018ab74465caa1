// SPDX-License-Identifier: GPL-2.0
//! arm64.

use core::arch::{asm, naked_asm};

use efi_rtmap_orders::What;

use crate::calls::serve;
use crate::processor::{self, SPOILED};

/// This address is within 39 bits, and far from the memory of all machines of the lab.
const UNMAPPED: u64 = 0x55_5555_5000;

/// Semihosting: writes a string that ends in a zero.
const SYS_WRITE0: u64 = 4;
/// Registers of QEMU's virt machine. Only boot services map them.
const FW_CFG_DATA: *const u8 = 0x902_0000 as _;
const FW_CFG_SELECTOR: *mut u16 = 0x902_0008 as _;

/// The flags of QEMU's first serial port. Only boot services map it.
const DEVICE: u64 = 0x900_0018;

/// mov w0, #1; ret
pub const TINY_FUNCTION: [u8; 8] = [0x20, 0, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6];

/// The smallest memory with a type of its own, in pages. Firmware allows for kernels with larger
/// pages.
pub const GRANULE: usize = 16;

/// Prints `line`, which ends in a zero.
pub fn print(line: &[u8]) {
    // SAFETY: QEMU reads the line where the processor would.
    unsafe {
        asm!(
            "hlt #0xf000",
            inout("x0") SYS_WRITE0 => _,
            in("x1") line.as_ptr(),
            options(nostack, readonly, preserves_flags)
        );
    }
}

pub fn select_fw_cfg(key: u16) {
    // SAFETY: the device's register.
    unsafe { FW_CFG_SELECTOR.write_volatile(key.to_be()) };
}

pub fn read_fw_cfg() -> u8 {
    // SAFETY: the device's register.
    unsafe { FW_CFG_DATA.read_volatile() }
}

pub fn program_counter() -> u64 {
    let here;
    // SAFETY: reads a register.
    unsafe { asm!("adr {}, .", out(reg) here, options(nomem, nostack, preserves_flags)) };
    here
}

/// Loads from any address of the caller, even from 0 and from unmapped ones: they are the purpose.
pub fn load(address: u64) {
    // SAFETY: a load changes nothing, or it faults, and that is the wish.
    unsafe { asm!("ldrb {:w}, [{}]", out(reg) _, in(reg) address, options(nostack, readonly)) };
}

pub fn store(address: u64) {
    // SAFETY: all callers own what is there, page 0 apart, which is flash that ignores it.
    unsafe { asm!("strb {:w}, [{}]", in(reg) 0xa5, in(reg) address, options(nostack)) };
}

pub fn use_simd() {
    // SAFETY: changes registers that a callee may.
    unsafe { asm!("movi v0.2d, #0", "add v1.2d, v0.2d, v0.2d", out("v0") _, out("v1") _) };
}

/// Reads the exception level and the masks of interrupts, and asks the secure world for random numbers.
/// The machine has no secure world: QEMU answers that it knows no such function.
pub fn use_privilege() {
    const TRNG_VERSION: u64 = 0x8400_0050;
    let (level, masks): (u64, u64);
    // SAFETY: a call of the secure world may change the first 18 registers.
    unsafe {
        asm!("mrs {}, CurrentEL", "mrs {}, DAIF", out(reg) level, out(reg) masks, options(nomem, nostack));
        asm!(
            "smc #0",
            inout("x0") TRNG_VERSION => _,
            out("x1") _, out("x2") _, out("x3") _, out("x4") _, out("x5") _, out("x6") _,
            out("x7") _, out("x8") _, out("x9") _, out("x10") _, out("x11") _, out("x12") _,
            out("x13") _, out("x14") _, out("x15") _, out("x16") _, out("x17") _,
            options(nostack)
        );
    }
    // EL1 or EL2, and nothing but masks.
    if !matches!(level, 0x4 | 0x8) || masks & !0x3c0 != 0 {
        crash(What::UndefinedInstruction);
    }
}

/// Prepares code for execution that has been written as data.
pub fn code_is_written(code: &[u8]) {
    for byte in code {
        // SAFETY: cleans and invalidates caches, for memory that is mapped.
        unsafe {
            asm!("dc cvau, {0}", "dsb ish", "ic ivau, {0}", "dsb ish", in(reg) byte, options(nostack));
        }
    }
    // SAFETY: a barrier.
    unsafe { asm!("isb", options(nostack)) };
}

pub fn wait(seconds: u16) {
    let begin = clock();
    while clock().wrapping_sub(begin) < frequency() * u64::from(seconds) {}
}

/// The virtual counter.
pub fn clock() -> u64 {
    let now;
    // SAFETY: reads a register, after all that came before.
    unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) now, options(nomem, nostack)) };
    now
}

/// Half a second of [`clock`].
pub fn half_a_second() -> u64 {
    frequency() / 2
}

fn frequency() -> u64 {
    let frequency;
    // SAFETY: reads a register.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) frequency, options(nomem, nostack)) };
    frequency
}

/// Ends the call, if `what` is such a fault. May return if a debugger steps over the instruction.
pub fn crash(what: What) {
    // SAFETY: no memory is written, and no execution past these relies on anything.
    unsafe {
        match what {
            What::PageFault => load(UNMAPPED),
            What::SvamUsesDevice => load(DEVICE),
            What::UndefinedInstruction => asm!("udf #0"),
            What::Breakpoint => asm!("brk #1"),
            What::UnalignedJump => asm!("adr {0}, . + 2", "br {0}", out(reg) _),
            What::Hang => loop {
                asm!("yield");
            },
            _ => {}
        }
    }
}

/// The kernel calls this. If the call has to change the state of the processor, the change is the
/// last step.
#[unsafe(naked)]
pub unsafe extern "efiapi" fn hook<const INDEX: usize>() {
    naked_asm!(
        "stp x29, x30, [sp, #-16]!",
        "bl {serve}",
        "ldp x29, x30, [sp], #16",
        "adrp x9, {spoiled}",
        "ldrb w9, [x9, :lo12:{spoiled}]",
        "cbz w9, 2f",
        "b {spoil}",
        "2: ret",
        serve = sym serve::<INDEX>,
        spoiled = sym SPOILED,
        spoil = sym spoil,
    )
}

/// Returns to the kernel with the service's status in x0, and with the ordered damage.
#[unsafe(naked)]
unsafe extern "efiapi" fn spoil() {
    naked_asm!(
        "adrp x10, {spoiled}",
        "add x10, x10, :lo12:{spoiled}",
        "ldrb w9, [x10]",
        "strb wzr, [x10]",
        "tst w9, #{callee_saved}",
        "b.eq 2f",
        "mov x19, #0xbad",
        "mov x20, x19",
        "mov x21, x19",
        "mov x22, x19",
        "mov x23, x19",
        "mov x24, x19",
        "mov x25, x19",
        "mov x26, x19",
        "mov x27, x19",
        "mov x28, x19",
        "2: tst w9, #{interrupts_off}",
        "b.eq 3f",
        "msr daifset, #2",
        "3: tst w9, #{platform_register}",
        "b.eq 4f",
        "mov x18, #0xbad",
        "4: ret",
        spoiled = sym SPOILED,
        callee_saved = const processor::CALLEE_SAVED,
        interrupts_off = const processor::INTERRUPTS_OFF,
        platform_register = const processor::PLATFORM_REGISTER,
    )
}
