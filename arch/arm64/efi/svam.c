// SPDX-License-Identifier: GPL-2.0
/*
 * SetVirtualAddressMap() on arm64, called by the kernel proper.
 *
 * Until the call returns, firmware works at its physical addresses, which the
 * kernel's own lower half may be too small for: the ID map's size reaches all
 * of them, whatever the number of VA bits. So the call is made on page tables
 * of its own, which map firmware 1:1, and which are gone afterwards.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <asm/efi.h>
#include <asm/efi-rtmap.h>
#include <asm/kernel-pgtable.h>
#include <asm/mmu_context.h>
#include <asm/pgtable.h>
#include <asm/vmap_stack.h>

/* The kernel's own mapper for tables that have the size of the ID map. */
void __pi_map_range(phys_addr_t *pte, u64 start, u64 end, phys_addr_t pa,
		    pgprot_t prot, int level, pte_t *tbl, bool may_use_cont,
		    u64 va_offset);

/* Pages in a row that tables are made of. */
struct table_pages {
	struct list_head	list;
	void			*pages;
	size_t			size;
};

static LIST_HEAD(svam_tables);
static pte_t *svam_root;

static void *alloc_tables(size_t size)
{
	struct table_pages *chunk = kzalloc_obj(*chunk);

	if (!chunk)
		return NULL;
	chunk->pages = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!chunk->pages) {
		kfree(chunk);
		return NULL;
	}
	chunk->size = size;
	list_add(&chunk->list, &svam_tables);
	return chunk->pages;
}

/* The most tables below the root that @size bytes need, wherever they are. */
static size_t tables_needed(u64 size)
{
	size_t count = 2;

	for (int level = IDMAP_ROOT_LEVEL + 1; level < 3; level++)
		count += 2 + (size >> (PAGE_SHIFT + (4 - level) * PTDESC_TABLE_SHIFT));
	return count;
}

/* Maps memory of the firmware 1:1, in whole pages that are given but once. */
int __ref efi_rtmap_map_for_svam(u64 phys, u32 pages, u32 prot)
{
	pgprot_t pgprot = prot & EFI_RTMAP_PROT_IO ?
			  pgprot_device(PAGE_KERNEL) : PAGE_KERNEL_EXEC;
	u64 size = (u64)pages << EFI_PAGE_SHIFT;
	phys_addr_t next;
	void *tables;

	if ((phys + size - 1) >> IDMAP_VA_BITS)
		return -ERANGE;
	if (!svam_root)
		svam_root = alloc_tables(PAGE_SIZE);
	tables = alloc_tables(tables_needed(size) * PAGE_SIZE);
	if (!svam_root || !tables)
		return -ENOMEM;

	next = __pa(tables);
	__pi_map_range(&next, phys, phys + size, phys,
		       __pgprot(pgprot_val(pgprot) | PTE_NG), IDMAP_ROOT_LEVEL,
		       svam_root, false, (u64)tables - __pa(tables));
	return 0;
}

/* What firmware is told: the runtime regions, with the addresses they get. */
static efi_memory_desc_t *runtime_descriptors(unsigned long *size)
{
	const efi_memory_desc_t *md;
	void *map, *end;

	map = kvzalloc(efi.memmap.nr_map * efi.memmap.desc_size, GFP_KERNEL);
	if (!map)
		return NULL;
	end = map;
	for_each_efi_memory_desc(md) {
		if (!(md->attribute & EFI_MEMORY_RUNTIME))
			continue;
		memcpy(end, md, efi.memmap.desc_size);
		end += efi.memmap.desc_size;
	}
	*size = end - map;
	return map;
}

/*
 * No FPSIMD section: nobody has used these registers so early in the boot, and
 * the kernel cannot tell yet whether there are any.
 */
static efi_status_t call_svam(efi_memory_desc_t *map, unsigned long size)
{
	unsigned long flags;
	efi_status_t status;

	local_irq_save(flags);
	cpu_install_ttbr0(phys_to_ttbr(__pa(svam_root)), TCR_T0SZ(IDMAP_VA_BITS));
	status = __efi_rt_asm_wrapper(efi.runtime->set_virtual_address_map,
				      "set_virtual_address_map", size,
				      efi.memmap.desc_size,
				      efi.memmap.desc_version, map);
	cpu_uninstall_idmap();
	local_irq_restore(flags);
	return status;
}

efi_status_t __ref efi_rtmap_svam(u64 systab)
{
	efi_status_t status = EFI_OUT_OF_RESOURCES;
	const efi_system_table_t *table;
	efi_memory_desc_t *map;
	unsigned long size;
	void *stack;

	table = memremap(systab, sizeof(*table), MEMREMAP_WB);
	map = runtime_descriptors(&size);
	/* That of later calls is allocated by an initcall to come. */
	stack = arch_alloc_vmap_stack(THREAD_SIZE, NUMA_NO_NODE);
	if (table && map && stack && svam_root) {
		efi_rt_stack_top = stack + THREAD_SIZE;
		status = call_svam(map, size);
		efi_rt_stack_top = NULL;
		/* Firmware has converted it as well. */
		efi.runtime = table->runtime;
	}
	vfree(stack);
	kvfree(map);
	if (table)
		memunmap((void *)table);
	return status;
}

/* Boot services memory itself is freed by an initcall. */
bool __ref efi_rtmap_release_boot_services(void)
{
	struct table_pages *chunk, *next;

	list_for_each_entry_safe(chunk, next, &svam_tables, list) {
		list_del(&chunk->list);
		free_pages_exact(chunk->pages, chunk->size);
		kfree(chunk);
	}
	svam_root = NULL;
	return true;
}
