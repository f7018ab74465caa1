// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware that hangs: gets the processor back that it runs on.
 *
 * A call that is given up is still going on, with preemption off on x86: nothing
 * that waits for all processors would end, kexec included. So it is interrupted,
 * and made to return as if it had faulted.
 */

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/efi-rtmap.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/irq_regs.h>

/* How often to look for the call, and how long to wait in between. */
#define ATTEMPTS	50
#define WAIT_MS		20

static bool aborted;

static void abort_if_in_firmware(void *unused)
{
	struct pt_regs *regs = get_irq_regs();

	if (regs && efi_rtmap_fixup_exception(regs, "hang"))
		WRITE_ONCE(aborted, true);
}

static DEFINE_PER_CPU(call_single_data_t, abort_request) =
	CSD_INIT(abort_if_in_firmware, NULL);

/*
 * Does not wait for processors to answer: firmware may have turned interrupts off.
 * Once is not enough: an interrupt may be in progress there, or another thread
 * have taken its place for a while.
 */
void efi_rtmap_abort_hung_call(void)
{
	int cpu;

	for (int i = 0; i < ATTEMPTS && !READ_ONCE(aborted); i++) {
		cpus_read_lock();
		for_each_online_cpu(cpu)
			smp_call_function_single_async(cpu, per_cpu_ptr(&abort_request, cpu));
		cpus_read_unlock();
		msleep(WAIT_MS);
	}
}
