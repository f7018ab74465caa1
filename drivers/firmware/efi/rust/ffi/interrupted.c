// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that a timer interrupts.
 *
 * This file is C, because inline functions find its registers and the state of interrupts.
 */

#include <linux/efi-rtmap-rust.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

#include <asm/irq_regs.h>

/* Returns false if no timer can interrupt. A thread that panics may hold timer locks. */
bool efi_rtmap_is_interruptible(void)
{
	return !in_nmi() && !irqs_disabled();
}

/* Called by a timer. Returns false if it has not interrupted firmware. */
bool efi_rtmap_abort_interrupted(void)
{
	struct pt_regs *regs = get_irq_regs();

	return regs && efi_rtmap_fixup_exception(regs, "hang");
}
