// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware that hangs: the call is interrupted, and returns as if it had faulted.
 *
 * The timer is that of the processor which firmware runs on, and needs neither
 * softirqs, which calls on x86 keep off, nor another processor. What is left to the
 * kernel's own limit is firmware that hangs with interrupts off. Calls that are
 * made with interrupts off have no limit.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

#include <asm/irq_regs.h>

/* Until the thread that calls firmware has the processor again. */
#define AGAIN_MS	5
/* What the kernel waits longer, before it gives up a call and the thread that makes it. */
#define GRACE_SECONDS	5

static struct hrtimer watchdog;

static enum hrtimer_restart bark(struct hrtimer *timer)
{
	struct pt_regs *regs = get_irq_regs();

	if (regs && efi_rtmap_fixup_exception(regs, "hang"))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ms_to_ktime(AGAIN_MS));
	return HRTIMER_RESTART;
}

void efi_rtmap_init_watchdog(void)
{
	hrtimer_setup(&watchdog, bark, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
}

/* Without interrupts it would be of no use, and who panics may hold timer locks. */
void efi_rtmap_watch_call(void)
{
	if (!in_nmi() && !irqs_disabled())
		hrtimer_start(&watchdog, ktime_set(efi_rtmap_timeout(), 0),
			      HRTIMER_MODE_REL_PINNED_HARD);
}

void efi_rtmap_unwatch_call(void)
{
	hrtimer_cancel(&watchdog);
}

/* For the kernel's own limit, which is @seconds. */
unsigned int efi_rtmap_longest_wait(unsigned int seconds)
{
	return efi_rtmap_is_off() ? seconds : efi_rtmap_timeout() + GRACE_SECONDS;
}
