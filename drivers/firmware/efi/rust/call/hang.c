// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware that hangs. A call that only reads is interrupted, and returns as if it had
 * faulted. A call that writes could be in the middle of a store, so it is not
 * interrupted: when the kernel's own limit is reached, the kernel no longer waits for
 * the call, and firmware can finish.
 *
 * The limit counts seconds in which the machine runs. A virtual machine may be stopped
 * for minutes, and its clock jumps when it goes on.
 *
 * The timer runs on the same processor as firmware. It needs no softirqs, which
 * calls on x86 keep off, and no other processor. If firmware hangs with interrupts
 * off, only the kernel's own limit applies. Calls that are made with interrupts off
 * have no limit.
 *
 * This file is C, because an inline function finds the registers of the interrupted
 * thread.
 */

#include <linux/completion.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>

#include <asm/irq_regs.h>

/* Time until the thread that calls firmware has the processor again. */
#define AGAIN_MS	5

static struct hrtimer watchdog;
/* These belong to the call in progress. */
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

	/* Counts one second for the whole time in which the machine was stopped. */
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

/* With interrupts off the timer would be useless, and a panic may hold timer locks. */
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

/* For a machine that goes down: that would stop firmware in the call in any case. */
void efi_rtmap_tear_call(void)
{
	WRITE_ONCE(may_be_torn, true);
}

/*
 * Waits in place of the kernel, whose own limit is @timeout. Returns 0 if the call has
 * not ended within the limit.
 */
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
