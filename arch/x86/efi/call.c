// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of one firmware call on x86: inline functions and macros of the
 * kernel, as functions that Rust calls in the right order.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/mmu_context.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/efi.h>
#include <asm/mmu_context.h>
#include <asm/nospec-branch.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

/*
 * During a call, the kernel's half is mapped as it is now: memory may have been
 * added since the last call. New memory changes only the top level of the page
 * tables. The levels below it, around the firmware's own entries, are entered for the
 * kernel's image, the fixmap and each processor's entry area. These are mapped before
 * the take-over, and efi_sync_low_kernel_mappings() has copied them.
 */
void efi_rtmap_sync_kernel_mappings(void)
{
	unsigned int first = pgd_index(PAGE_OFFSET);
	unsigned int last = pgd_index(EFI_VA_END);

	memcpy(efi_mm.pgd + first, init_mm.pgd + first, (last - first) * sizeof(pgd_t));
}

void efi_rtmap_fpu_begin(void)
{
	efi_fpu_begin();
}

void efi_rtmap_fpu_end(void)
{
	efi_fpu_end();
}

void efi_rtmap_restrict_speculation(void)
{
	firmware_restrict_branch_speculation_start();
}

void efi_rtmap_unrestrict_speculation(void)
{
	firmware_restrict_branch_speculation_end();
}

struct mm_struct *efi_rtmap_enter_mm(void)
{
	return use_temporary_mm(&efi_mm);
}

void efi_rtmap_leave_mm(struct mm_struct *prev)
{
	unuse_temporary_mm(prev);
}

/* LASS keeps the kernel out of the lower half, and firmware works there. */
unsigned long efi_rtmap_disable_lass(void)
{
	unsigned long lass;

	if (!cpu_feature_enabled(X86_FEATURE_LASS))
		return 0;

	lass = cr4_read_shadow() & X86_CR4_LASS;
	cr4_clear_bits(lass);
	return lass;
}

void efi_rtmap_restore_lass(unsigned long lass)
{
	if (lass)
		cr4_set_bits(lass);
}
