// SPDX-License-Identifier: GPL-2.0
/*
 * Protection of the processor's state from firmware during a call.
 *
 * The kernel's own wrapper recovers from a fault. This file reports more kinds of
 * fault to it, and finds registers that firmware has not preserved.
 *
 * This file is C, because it needs struct pt_regs and a frame that assembly names.
 */

#include <linux/bits.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>

#include <asm/efi.h>
#include <asm/efi-rtmap-call.h>
#include <asm/system_misc.h>

/* One is enough: calls are made with efi_runtime_lock held, or early in the boot. */
struct efi_rtmap_frame {
	/* Not zero: faults and changed registers are acted upon. */
	unsigned long	guarded;
	unsigned long	before[EFI_RTMAP_KEPT_REGISTERS];
	unsigned long	after[EFI_RTMAP_KEPT_REGISTERS];
};

static_assert(offsetof(struct efi_rtmap_frame, guarded) == EFI_RTMAP_FRAME_GUARDED);
static_assert(offsetof(struct efi_rtmap_frame, before) == EFI_RTMAP_FRAME_BEFORE);
static_assert(offsetof(struct efi_rtmap_frame, after) == EFI_RTMAP_FRAME_AFTER);

/* Named by __efi_rt_asm_wrapper(). */
struct efi_rtmap_frame efi_rtmap_frame;

void efi_rtmap_guard_calls(void)
{
	efi_rtmap_frame.guarded = 1;
}

bool efi_rtmap_fixup_exception(struct pt_regs *regs, const char *what)
{
	return efi_rtmap_frame.guarded &&
	       efi_runtime_fixup_exception(regs, what);
}

/* An exception turns access to user addresses off, and firmware has such addresses. */
void efi_rtmap_read_mapped(unsigned long address, u8 *bytes, size_t count)
{
	efi_rtmap_enable_ttbr0();
	memcpy(bytes, (const void *)address, count);
	efi_rtmap_disable_ttbr0();
}

/* Logs a fault in firmware as the kernel logs its own faults. */
void efi_rtmap_show_fault(struct pt_regs *regs)
{
	if (!efi_rtmap_frame.guarded)
		return;
	efi_rtmap_show_place(regs->pc);
	__show_regs(regs);
}

/* Returns the state that firmware has changed in the last call, one bit for each. */
u32 efi_rtmap_restore_processor(void)
{
	const struct efi_rtmap_frame *frame = &efi_rtmap_frame;
	u32 changed = 0;

	for (int i = 0; i < EFI_RTMAP_KEPT_REGISTERS; i++) {
		if (frame->after[i] != frame->before[i])
			changed |= BIT(i);
	}
	return changed;
}
