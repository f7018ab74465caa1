// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of one firmware call on arm64: inline functions and macros of the
 * kernel, as functions that Rust calls in the right order.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include <asm/efi.h>
#include <asm/uaccess.h>

/*
 * The workqueue's thread keeps preemption on and migration off: firmware may poll
 * for a secure call that is bound to the processor. All other callers switch the
 * page tables with preemption off. Returns true for the workqueue's thread.
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

/* Without hardware PAN, the kernel keeps TTBR0 out of use until this call. */
void efi_rtmap_enable_ttbr0(void)
{
	uaccess_ttbr0_enable();
	/* An exception return would do this, but none follows. */
	post_ttbr_update_workaround();
}

void efi_rtmap_disable_ttbr0(void)
{
	uaccess_ttbr0_disable();
}
