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

/* Called before anything is allocated, when memblock knows all memory. */
void __init efi_rtmap_keep_boot_services(void)
{
	const efi_memory_desc_t *md;

	if (!efi_rtmap_first_kernel())
		return;

	for_each_efi_memory_desc(md) {
		phys_addr_t start = PAGE_ALIGN(md->phys_addr);
		phys_addr_t end = (md->phys_addr + (md->num_pages << EFI_PAGE_SHIFT)) & PAGE_MASK;

		if (!is_boot_services(md) || start >= end)
			continue;
		/* Others that have reserved a part of it will not free it. */
		if (memblock_is_region_reserved(start, end - start))
			continue;
		if (kept_count == MAX_KEPT) {
			pr_warn("more than %d boot services regions\n", MAX_KEPT);
			break;
		}
		memblock_reserve(start, end - start);
		kept[kept_count].start = start;
		kept[kept_count++].size = end - start;
	}
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
