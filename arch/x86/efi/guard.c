// SPDX-License-Identifier: GPL-2.0
/*
 * Protection of the processor's state from firmware during a call.
 *
 * __efi_call() saves in efi_rtmap_frame the registers that firmware has to preserve.
 * If firmware faults, the frame lets the call return EFI_ABORTED to any caller; on
 * arm64, the kernel's own assembly does this. If firmware returns and has changed
 * other state that it has to preserve, that state is restored. 32-bit firmware is
 * called in another way. Its faults are handled likewise, and the thunk restores
 * the registers.
 *
 * This file is C, because it needs struct pt_regs and a frame that assembly names.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/kdebug.h>
#include <linux/panic.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>

#include <asm/efi-rtmap-call.h>
#include <asm/fpu/types.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

/* Values at the start of a call (UEFI 2.10, section 2.3.4). Status bits may change. */
#define FPU_CONTROL	0x37f
#define MXCSR_STATUS	0x3f

/* One is enough: calls are made with efi_runtime_lock held, or early in the boot. */
struct efi_rtmap_frame {
	/* Not zero: faults and changed registers are acted upon. */
	unsigned long	guarded;
	/* The stack pointer of the call in progress, or zero. */
	unsigned long	sp;
	unsigned long	flags;
	unsigned long	before[EFI_RTMAP_KEPT_REGISTERS];
	unsigned long	after[EFI_RTMAP_KEPT_REGISTERS];
};

static_assert(offsetof(struct efi_rtmap_frame, guarded) == EFI_RTMAP_FRAME_GUARDED);
static_assert(offsetof(struct efi_rtmap_frame, sp) == EFI_RTMAP_FRAME_SP);
static_assert(offsetof(struct efi_rtmap_frame, flags) == EFI_RTMAP_FRAME_FLAGS);
static_assert(offsetof(struct efi_rtmap_frame, before) == EFI_RTMAP_FRAME_BEFORE);
static_assert(offsetof(struct efi_rtmap_frame, after) == EFI_RTMAP_FRAME_AFTER);

/* Named by __efi_call(). */
struct efi_rtmap_frame efi_rtmap_frame;

/* No other code in the kernel runs with this code segment. */
static bool is_in_32_bit_firmware(const struct pt_regs *regs)
{
	return IS_ENABLED(CONFIG_EFI_MIXED) && regs->cs == __KERNEL32_CS;
}

/*
 * Firmware runs on the stack of the thread that has called it, below the frame.
 * The stack tells other threads from firmware. The code tells interrupt handlers
 * that fault meanwhile from it. There is no recovery in calls made from interrupts,
 * and none of firmware that uses a stack of its own.
 */
static bool is_in_64_bit_firmware(const struct pt_regs *regs)
{
	unsigned long sp = READ_ONCE(efi_rtmap_frame.sp);
	unsigned long stack = (unsigned long)task_stack_page(current);

	return sp - stack < THREAD_SIZE && regs->sp >= stack && regs->sp <= sp &&
	       !kernel_text_address(regs->ip);
}

static bool is_in_firmware(const struct pt_regs *regs)
{
	return efi_rtmap_frame.guarded &&
	       (is_in_64_bit_firmware(regs) || is_in_32_bit_firmware(regs));
}

/* Turns runtime services off, and ends this call with an error for the caller. */
static void abort_call(struct pt_regs *regs)
{
	add_taint(TAINT_FIRMWARE_WORKAROUND, LOCKDEP_STILL_OK);
	clear_bit(EFI_RUNTIME_SERVICES, &efi.flags);

	regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_AC | X86_EFLAGS_NT |
			 X86_EFLAGS_TF);
	if (is_in_32_bit_firmware(regs)) {
		efi_rtmap_leave_thunk(regs);
		return;
	}
	regs->ax = EFI_ABORTED;
	regs->ip = (unsigned long)efi_rtmap_call_return;
	regs->sp = efi_rtmap_frame.sp;
	/* The new address is no marked target of indirect branches. */
	regs->fred_cs.wfe = 0;
}

/*
 * A plain copy is enough: firmware's memory is mapped as the kernel's, not as user
 * memory.
 */
void efi_rtmap_read_mapped(unsigned long address, u8 *bytes, size_t count)
{
	memcpy(bytes, (const void *)address, count);
}

/* Logs a fault in firmware as the kernel logs its own faults. */
void efi_rtmap_show_fault(struct pt_regs *regs)
{
	efi_rtmap_show_place(regs->ip);
	__show_regs(regs, SHOW_REGS_SHORT, KERN_ERR);
}

bool efi_rtmap_fixup_page_fault(struct pt_regs *regs, unsigned long address)
{
	if (!is_in_firmware(regs))
		return false;

	pr_err(FW_BUG "page fault for address %#lx in EFI runtime service at %#lx\n",
	       address, regs->ip);
	efi_rtmap_show_fault(regs);
	abort_call(regs);
	return true;
}

bool efi_rtmap_fixup_exception(struct pt_regs *regs, const char *what)
{
	if (!is_in_firmware(regs))
		return false;

	pr_err(FW_BUG "%s in EFI runtime service at %#lx\n", what, regs->ip);
	efi_rtmap_show_fault(regs);
	abort_call(regs);
	return true;
}

static int fixup_trap(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;

	if (event != DIE_TRAP && event != DIE_GPF && event != DIE_INT3)
		return NOTIFY_DONE;
	/* The handler of double faults only informs: it ignores the answer. */
	if (args->trapnr == X86_TRAP_DF)
		return NOTIFY_DONE;
	return efi_rtmap_fixup_exception(args->regs, args->str) ?
	       NOTIFY_STOP : NOTIFY_DONE;
}

static struct notifier_block trap_notifier = { .notifier_call = fixup_trap };

void efi_rtmap_guard_calls(void)
{
	register_die_notifier(&trap_notifier);
	efi_rtmap_frame.guarded = 1;
}

/*
 * Restores the state that firmware has changed in the last call. Returns one bit
 * for each.
 */
u32 efi_rtmap_restore_processor(void)
{
	const struct efi_rtmap_frame *frame = &efi_rtmap_frame;
	u32 changed = 0, mxcsr;
	u16 control;

	/*
	 * Firmware has not returned from the call: the kernel's own code gives it
	 * up.
	 */
	if (frame->sp) {
		clear_bit(EFI_RUNTIME_SERVICES, &efi.flags);
		efi_rtmap_frame.sp = 0;
		return 0;
	}
	for (int i = 0; i < EFI_RTMAP_KEPT_REGISTERS; i++) {
		if (frame->after[i] != frame->before[i])
			changed |= BIT(i);
	}
	if (frame->flags & X86_EFLAGS_DF)
		changed |= BIT(EFI_RTMAP_KEPT_DF);
	if (frame->flags & X86_EFLAGS_AC)
		changed |= BIT(EFI_RTMAP_KEPT_AC);

	asm volatile("fnstcw %0" : "=m" (control));
	if (control != FPU_CONTROL) {
		changed |= BIT(EFI_RTMAP_KEPT_FPU_CONTROL);
		asm volatile("fninit");
	}
	asm volatile("stmxcsr %0" : "=m" (mxcsr));
	if ((mxcsr ^ MXCSR_DEFAULT) & ~MXCSR_STATUS) {
		changed |= BIT(EFI_RTMAP_KEPT_MXCSR);
		mxcsr = MXCSR_DEFAULT;
		asm volatile("ldmxcsr %0" : : "m" (mxcsr));
	}
	return changed;
}
