// SPDX-License-Identifier: GPL-2.0
/*
 * What one firmware call needs of arm64, step by step: inline functions and
 * macros of the kernel as functions for Rust, which keeps them in order.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include <asm/efi.h>
#include <asm/uaccess.h>

/*
 * The workqueue's thread keeps preemption on, but not migration: firmware may
 * poll for a secure call that is bound to the processor. Everyone else switches
 * the page tables with preemption off. Returns which of both was done.
 */
bool efi_rtmap_enter_mm(void)
{
	efi_runtime_assert_lock_held();

	if (!preemptible() || !(current->flags & PF_KTHREAD)) {
		efi_virtmap_load();
		return false;
	}
	migrate_disable();
	kthread_use_mm(&efi_mm);
	return true;
}

void efi_rtmap_leave_mm(bool kthread)
{
	if (!kthread) {
		efi_virtmap_unload();
		return;
	}
	kthread_unuse_mm(&efi_mm);
	migrate_enable();
}

void efi_rtmap_fpsimd_begin(void)
{
	__efi_fpsimd_begin();
}

void efi_rtmap_fpsimd_end(void)
{
	__efi_fpsimd_end();
}

/* Without hardware PAN, TTBR0 stays unused until this says otherwise. */
void efi_rtmap_enable_ttbr0(void)
{
	uaccess_ttbr0_enable();
	/* No return from an exception follows that would do it. */
	post_ttbr_update_workaround();
}

void efi_rtmap_disable_ttbr0(void)
{
	uaccess_ttbr0_disable();
}
