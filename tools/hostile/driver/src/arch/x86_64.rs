// SPDX-License-Identifier: GPL-2.0
//! x86-64.

use core::arch::x86_64::_rdtsc;
use core::arch::{asm, naked_asm};

use efi_rtmap_orders::What;

use crate::calls::serve;
use crate::processor::{self, SPOILED};

/// This address is canonical, and far from the memory of all machines of the lab.
const UNMAPPED: u64 = 0x5555_5555_5000;
const NON_CANONICAL: u64 = 1 << 63;

/// OVMF's debug port. Its release builds do not use it.
const DEBUG_PORT: u16 = 0x402;
/// The ACPI timer, at OVMF's port on Q35. Its 24 bits last 4 seconds.
const TIMER_PORT: u16 = 0x608;
const TIMER_BITS: u32 = 0xff_ffff;
const TIMER_HZ: u64 = 3_579_545;
const FW_CFG_SELECTOR: u16 = 0x510;
const FW_CFG_DATA: u16 = 0x511;

/// mov eax, 1; ret
pub const TINY_FUNCTION: [u8; 6] = [0xb8, 1, 0, 0, 0, 0xc3];

/// The smallest memory with a type of its own, in pages.
pub const GRANULE: usize = 1;

/// Prints `line`, which ends in a zero, as on the other architecture.
pub fn print(line: &[u8]) {
    for byte in line.iter().take_while(|byte| **byte != 0) {
        // SAFETY: the port belongs to the lab's device and does nothing but take bytes.
        unsafe {
            asm!("out dx, al", in("dx") DEBUG_PORT, in("al") *byte, options(nomem, nostack, preserves_flags));
        }
    }
}

pub fn select_fw_cfg(key: u16) {
    // SAFETY: fw_cfg has no effect on memory when used through its ports.
    unsafe {
        asm!("out dx, ax", in("dx") FW_CFG_SELECTOR, in("ax") key, options(nomem, nostack, preserves_flags));
    }
}

pub fn read_fw_cfg() -> u8 {
    let byte;
    // SAFETY: as in select_fw_cfg().
    unsafe {
        asm!("in al, dx", in("dx") FW_CFG_DATA, out("al") byte, options(nomem, nostack, preserves_flags));
    }
    byte
}

pub fn program_counter() -> u64 {
    let here;
    // SAFETY: reads a register.
    unsafe { asm!("lea {}, [rip]", out(reg) here, options(nomem, nostack, preserves_flags)) };
    here
}

/// Loads from any address of the caller, even from 0 and from unmapped ones: they are the purpose.
pub fn load(address: u64) {
    // SAFETY: a load changes nothing, or it faults, and that is the wish.
    unsafe { asm!("mov al, [{}]", in(reg) address, out("al") _, options(nostack, readonly)) };
}

pub fn store(address: u64) {
    // SAFETY: all callers own what is there, page 0 apart, where nothing lies that is still used.
    unsafe { asm!("mov byte ptr [{}], 0xa5", in(reg) address, options(nostack)) };
}

pub fn use_simd() {
    // SAFETY: changes registers that a callee may.
    unsafe { asm!("pxor xmm0, xmm0", "paddq xmm1, xmm0", out("xmm0") _, out("xmm1") _) };
}

/// Writes caches back, and reads the version of the microcode.
pub fn use_privilege() {
    const IA32_BIOS_SIGN_ID: u32 = 0x8b;
    // SAFETY: neither changes memory as the kernel sees it.
    unsafe {
        asm!("wbinvd", options(nostack, preserves_flags));
        asm!("rdmsr", in("ecx") IA32_BIOS_SIGN_ID, out("eax") _, out("edx") _, options(nomem, nostack, preserves_flags));
    }
}

/// Nothing is needed to execute code that has been written as data.
pub fn code_is_written(_code: &[u8]) {}

pub fn wait(seconds: u16) {
    let mut left = TIMER_HZ * u64::from(seconds);
    let mut before = ticks();
    while left > 0 {
        let now = ticks();
        left = left.saturating_sub((now.wrapping_sub(before) & TIMER_BITS).into());
        before = now;
    }
}

fn ticks() -> u32 {
    let now;
    // SAFETY: reads a counter.
    unsafe {
        asm!("in eax, dx", in("dx") TIMER_PORT, out("eax") now, options(nomem, nostack, preserves_flags))
    };
    now
}

/// The time stamp counter.
pub fn clock() -> u64 {
    // SAFETY: reads a counter.
    unsafe { _rdtsc() }
}

/// Half a second of [`clock`], or more: no processor counts faster than 4 GHz.
pub fn half_a_second() -> u64 {
    1 << 31
}

/// Ends the call, if `what` is such a fault. May return if a debugger steps over the instruction.
pub fn crash(what: What) {
    // SAFETY: no memory is written, and no execution past these relies on anything.
    unsafe {
        match what {
            What::PageFault => load(UNMAPPED),
            What::GeneralProtection => load(NON_CANONICAL),
            What::UndefinedInstruction => asm!("ud2"),
            What::DivideError => {
                asm!("div {:e}", in(reg) 0, inout("eax") 1 => _, inout("edx") 0 => _);
            }
            What::Breakpoint => asm!("int3"),
            What::Hang => loop {
                asm!("pause");
            },
            _ => {}
        }
    }
}

/// The kernel calls this. It passes all arguments on. If the call has to change the state of the
/// processor, the change is the last step.
#[unsafe(naked)]
pub unsafe extern "efiapi" fn hook<const INDEX: usize>() {
    naked_asm!(
        "sub rsp, 0x38",
        // The fifth argument is the first on the stack, above 4 words for the callee.
        "mov rax, [rsp + 0x38 + 0x28]",
        "mov [rsp + 0x20], rax",
        "call {serve}",
        "add rsp, 0x38",
        "cmp byte ptr [rip + {spoiled}], 0",
        "jne {spoil}",
        "ret",
        serve = sym serve::<INDEX>,
        spoiled = sym SPOILED,
        spoil = sym spoil,
    )
}

/// Returns to the kernel with the service's status in rax, and with the ordered damage.
#[unsafe(naked)]
unsafe extern "efiapi" fn spoil() {
    naked_asm!(
        "movzx r11d, byte ptr [rip + {spoiled}]",
        "mov byte ptr [rip + {spoiled}], 0",
        "test r11d, {callee_saved}",
        "jz 2f",
        // This is no address, and its flags differ from those of a kernel that is about to call.
        "movabs rbx, 0x0bad000000000000",
        "mov r12, rbx",
        "mov r13, rbx",
        "mov r14, rbx",
        "mov r15, rbx",
        "2: test r11d, {fpu_control}",
        "jz 3f",
        // Double precision, and all exceptions are masked.
        "push 0x27f",
        "fldcw word ptr [rsp]",
        "pop r10",
        "3: test r11d, {mxcsr}",
        "jz 4f",
        // Round down, flush to zero, and all exceptions are masked.
        "push 0xbf80",
        "ldmxcsr dword ptr [rsp]",
        "pop r10",
        "4: test r11d, {alignment_check}",
        "jz 5f",
        "pushfq",
        "or dword ptr [rsp], 0x40000",
        "popfq",
        "5: test r11d, {interrupts_off}",
        "jz 6f",
        "cli",
        "6: test r11d, {direction_flag}",
        "jz 7f",
        "std",
        "7: ret",
        spoiled = sym SPOILED,
        callee_saved = const processor::CALLEE_SAVED,
        fpu_control = const processor::FPU_CONTROL,
        mxcsr = const processor::MXCSR,
        alignment_check = const processor::ALIGNMENT_CHECK,
        interrupts_off = const processor::INTERRUPTS_OFF,
        direction_flag = const processor::DIRECTION_FLAG,
    )
}
