// SPDX-License-Identifier: GPL-2.0
/*
 * Test of the page tables for firmware calls: outside the addresses for firmware, the
 * upper half is the kernel's.
 */

#include <kunit/test.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>

#include <asm/efi.h>
#include <asm/pgtable.h>

/* The processor sets these bits, and the page tables may differ in them. */
#define SET_BY_USE	(_PAGE_ACCESSED | _PAGE_DIRTY)

/* Compares the entries from @first to @last, without @last. */
static void expect_same(struct kunit *test, const void *ours, const void *kernels,
			unsigned int first, unsigned int last)
{
	const u64 *a = ours, *b = kernels;
	unsigned int i;

	for (i = first; i < last; i++)
		KUNIT_EXPECT_EQ_MSG(test, a[i] & ~SET_BY_USE, b[i] & ~SET_BY_USE,
				    "entry %u", i);
}

static void kernel_half_is_the_kernels(struct kunit *test)
{
	const unsigned int top = pgd_index(EFI_VA_END);
	p4d_t *p4d, *kernels_p4d;

	efi_rtmap_sync_kernel_mappings();
	expect_same(test, efi_mm.pgd, init_mm.pgd, pgd_index(PAGE_OFFSET), top);

	p4d = p4d_offset(efi_mm.pgd + top, EFI_VA_END);
	kernels_p4d = p4d_offset(init_mm.pgd + top, EFI_VA_END);
	if (pgtable_l5_enabled())
		expect_same(test, p4d_offset(efi_mm.pgd + top, 0),
			    p4d_offset(init_mm.pgd + top, 0),
			    0, p4d_index(EFI_VA_END));

	expect_same(test, pud_offset(p4d, 0), pud_offset(kernels_p4d, 0),
		    0, pud_index(EFI_VA_END));
	expect_same(test, pud_offset(p4d, 0), pud_offset(kernels_p4d, 0),
		    pud_index(EFI_VA_START), PTRS_PER_PUD);
}

static int need_map(struct kunit *test)
{
	if (!efi_rtmap_took_over())
		kunit_skip(test, "firmware is not called by our map");
	return 0;
}

static struct kunit_case tables_cases[] = {
	KUNIT_CASE(kernel_half_is_the_kernels),
	{ }
};

static struct kunit_suite tables_suite = {
	.name		= "efi_rtmap_tables",
	.init		= need_map,
	.test_cases	= tables_cases,
};

/* These tests run at boot only. */
kunit_test_init_section_suite(tables_suite);
