// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel waits for the call that it makes, and a machine that goes down in order
 * waits for firmware. A machine that wakes up checks firmware first.
 *
 * kexec stops the other processors where they are. If one is inside firmware, the
 * successors find the same state as after a crash in firmware, and could not call it.
 *
 * This file is C, because notifiers, syscore operations and completions of C have no Rust
 * interface.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/notifier.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>
#include <linux/time64.h>

#define POLL_MS		20
/* Time for a call that is aborted: its timer may be a second away. */
#define TEAR_MS		3000

/* Waits as the kernel does with a limit of @timeout. Returns 0 at the limit. */
unsigned long efi_rtmap_wait_for_call(struct completion *done,
				      unsigned long timeout)
{
	if (efi_rtmap_is_off())
		return wait_for_completion_timeout(done, timeout);

	/* Counts seconds in which the machine runs, like the limit of the call. */
	for (unsigned int left = efi_rtmap_longest_wait(), step; left; left -= step) {
		step = min(left, MSEC_PER_SEC);
		if (wait_for_completion_timeout(done, msecs_to_jiffies(step)))
			return 1;
	}
	return 0;
}

/* Returns true if no thread is inside firmware. */
static bool wait_for_firmware(unsigned int ms)
{
	unsigned int polls = ms / POLL_MS;

	while (efi_rtmap_is_occupied()) {
		if (!polls--)
			return false;
		msleep(POLL_MS);
	}
	return true;
}

/* A call that has been given up has had its time. */
static unsigned int patience(void)
{
	return efi_rtmap_is_given_up() ? 0 : efi_rtmap_longest_wait();
}

/*
 * For reboot, power-off and kexec: devices are shut down, their drivers have made
 * their last calls, and other processors still run. This thread may still call
 * firmware, for ResetSystem(). There is no way back from here.
 *
 * A processor that stays in firmware could not be taken off, and kexec on arm64 has
 * to take it off.
 */
static void leave_firmware(void *data)
{
	efi_rtmap_reserve();
	if (wait_for_firmware(patience()))
		return;

	pr_err("going down while firmware is in a call; the next kernel will not call it\n");
	efi_rtmap_tear_call();
	wait_for_firmware(TEAR_MS);
}

/*
 * The last check before the machine sleeps, before an image is saved or restored, and
 * before kexec with preserved context. Other processors are off by then.
 */
static int refuse_in_call(void *data)
{
	return efi_rtmap_is_occupied() ? -EBUSY : 0;
}

/* Runs first, before a driver can call firmware that may be another one. */
static void look_at_firmware(void *data)
{
	if (!efi_rtmap_resume())
		clear_bit(EFI_RUNTIME_SERVICES, &efi.flags);
}

static const struct syscore_ops going_down = {
	.suspend	= refuse_in_call,
	.resume		= look_at_firmware,
	.shutdown	= leave_firmware,
};

static struct syscore syscore = { .ops = &going_down };

/* Processors cannot be taken off while one is in firmware, so wait early. */
static int wait_before_sleep(struct notifier_block *nb, unsigned long event,
			     void *data)
{
	if (event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	return notifier_from_errno(wait_for_firmware(patience()) ? 0 : -EBUSY);
}

/* Of the shutdown operations, the last registered runs first: timers still run. */
static int __init wait_init(void)
{
	if (!efi_rtmap_took_over())
		return 0;

	register_syscore(&syscore);
	pm_notifier(wait_before_sleep, 0);
	return 0;
}
late_initcall(wait_init);
