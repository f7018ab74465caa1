// SPDX-License-Identifier: GPL-2.0
/*
 * Boot services memory, kept until the take-over has decided on SVAM: firmware
 * may run code there when it is called for the first time. The stub, which
 * calls it elsewhere, does so before the memory is given away.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include <asm/efi.h>

struct kept_range {
	phys_addr_t	start;
	phys_addr_t	size;
};

/* More than any firmware has; what is beyond is given away at once. */
#define MAX_KEPT	512

static struct kept_range kept[MAX_KEPT] __initdata;
static unsigned int kept_count __initdata;

static bool __init is_boot_services(const efi_memory_desc_t *md)
{
	return (md->type == EFI_BOOT_SERVICES_CODE ||
		md->type == EFI_BOOT_SERVICES_DATA) &&
	       (md->attribute & EFI_MEMORY_WB);
}

static void __init keep(phys_addr_t start, phys_addr_t end)
{
	start = PAGE_ALIGN(start);
	end = PAGE_ALIGN_DOWN(end);
	if (start >= end)
		return;
	if (kept_count == MAX_KEPT) {
		pr_warn_once("more than %d ranges of boot services memory\n", MAX_KEPT);
		return;
	}
	kept[kept_count].start = start;
	kept[kept_count++].size = end - start;
}

/*
 * Called when memblock knows all memory, and little of it has been reserved. What
 * has is left to those who did: they do not free it when the take-over is done.
 */
void __init efi_rtmap_keep_boot_services(void)
{
	const efi_memory_desc_t *md;
	phys_addr_t start, end;
	u64 i;

	if (!efi_rtmap_first_kernel())
		return;

	for_each_efi_memory_desc(md) {
		phys_addr_t md_end = md->phys_addr + (md->num_pages << EFI_PAGE_SHIFT);

		if (!is_boot_services(md))
			continue;
		for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
			keep(max(start, md->phys_addr), min(end, md_end));
	}
	for (unsigned int k = 0; k < kept_count; k++)
		memblock_reserve(kept[k].start, kept[k].size);
}

/* After the take-over, and after all struct pages have been initialised. */
static int __init efi_rtmap_free_boot_services(void)
{
	phys_addr_t freed = 0;

	for (unsigned int i = 0; i < kept_count; i++) {
		const struct kept_range *range = &kept[i];

		/* A limit on the command line may have cut it off since. */
		if (!memblock_is_region_memory(range->start, range->size))
			continue;
		memblock_phys_free(range->start, range->size);
		freed += range->size;
	}
	if (freed)
		pr_info("freed %lluK of boot services memory\n", freed / SZ_1K);
	return 0;
}
arch_initcall(efi_rtmap_free_boot_services);
