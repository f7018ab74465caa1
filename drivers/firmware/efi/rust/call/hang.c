// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware that hangs: a call that reads is interrupted, and returns as if it had
 * faulted. One that writes could be in the middle of the store: it is given up by the
 * kernel's own limit, which leaves firmware to finish.
 *
 * Seconds count in which the machine runs: a virtual one may be stopped for minutes,
 * which the clock shows when it goes on.
 *
 * The timer is that of the processor which firmware runs on, and needs neither
 * softirqs, which calls on x86 keep off, nor another processor. What is left to the
 * kernel's own limit is firmware that hangs with interrupts off. Calls that are
 * made with interrupts off have no limit.
 *
 * C: the registers of the interrupted thread are found by an inline function.
 */

#include <linux/completion.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>

#include <asm/irq_regs.h>

/* Until the thread that calls firmware has the processor again. */
#define AGAIN_MS	5

static struct hrtimer watchdog;
/* Of the call in progress. */
static unsigned int seconds_left;
static bool may_be_torn;

static bool only_reads(u32 service)
{
	switch (service) {
	case EFI_GET_TIME:
	case EFI_GET_WAKEUP_TIME:
	case EFI_GET_VARIABLE:
	case EFI_GET_NEXT_VARIABLE:
	case EFI_QUERY_VARIABLE_INFO:
	case EFI_QUERY_CAPSULE_CAPS:
		return true;
	default:
		return false;
	}
}

static enum hrtimer_restart bark(struct hrtimer *timer)
{
	struct pt_regs *regs = get_irq_regs();

	/* Once for all the seconds that the machine was stopped. */
	if (seconds_left)
		seconds_left--;
	if (seconds_left || !READ_ONCE(may_be_torn)) {
		hrtimer_forward_now(timer, ktime_set(1, 0));
		return HRTIMER_RESTART;
	}
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
void efi_rtmap_watch_call(u32 seconds)
{
	if (in_nmi() || irqs_disabled())
		return;
	seconds_left = seconds;
	WRITE_ONCE(may_be_torn, only_reads(efi_rtmap_current_service()));
	hrtimer_start(&watchdog, ktime_set(1, 0), HRTIMER_MODE_REL_PINNED_HARD);
}

void efi_rtmap_unwatch_call(void)
{
	hrtimer_cancel(&watchdog);
}

/* For a machine that goes down, and would stop firmware in the call in any case. */
void efi_rtmap_tear_call(void)
{
	WRITE_ONCE(may_be_torn, true);
}

/* For the kernel's own limit, which is @timeout. Returns 0 if it is reached. */
unsigned long efi_rtmap_wait_for_call(struct completion *done,
				      unsigned long timeout)
{
	if (efi_rtmap_is_off())
		return wait_for_completion_timeout(done, timeout);

	for (unsigned int left = efi_rtmap_longest_wait(); left; left--) {
		if (wait_for_completion_timeout(done, HZ))
			return 1;
	}
	return 0;
}
