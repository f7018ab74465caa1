// SPDX-License-Identifier: GPL-2.0
/*
 * Functions of x86 for the take-over of the EFI runtime map.
 *
 * Rust decides and calls these functions once, from efi_enter_virtual_mode().
 * They give the kernel's own helpers names that Rust can use: most of these
 * helpers are __init, and Rust code may not refer to __init functions.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/cc_platform.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/string.h>

#include <asm/e820/api.h>
#include <asm/efi.h>
#include <asm/pgtable.h>
#include <asm/setup.h>

/*
 * Returns true if other users may have reused the memory that the first kernel's
 * EFI tables point to. Stock kernels do not check this, and efi=rtmap:off leaves
 * the kernel as stock.
 */
bool __init efi_rtmap_foreign_memory(void)
{
	return efi_setup && !efi_rtmap_is_off();
}

/* Returns true if this kernel can call 32-bit firmware with its own privilege. */
static bool has_thunks(void)
{
	return efi_is_mixed() && efi_rtmap_is_in_reach();
}

/*
 * Returns the services of @supported that the kernel calls with its own privilege:
 * few of 32-bit firmware, and none if it cannot return to this kernel.
 */
static u32 __init called(u32 supported)
{
	if (!efi_is_mixed())
		return supported;
	if (!has_thunks())
		return 0;
	return supported & (EFI_RT_SUPPORTED_VARIABLE_SERVICES |
			    EFI_RT_SUPPORTED_QUERY_VARIABLE_INFO |
			    EFI_RT_SUPPORTED_SET_VIRTUAL_ADDRESS_MAP |
			    EFI_RT_SUPPORTED_RESET_SYSTEM);
}

void __ref efi_rtmap_boot_facts(struct efi_rtmap_boot_facts *facts)
{
	*facts = (struct efi_rtmap_boot_facts) {
		.kexec		= efi_setup,
		.mixed		= efi_is_mixed(),
		.smbios		= efi_rtmap_smbios(),
		.supported	= efi.runtime_supported_mask,
		.called		= called(efi.runtime_supported_mask),
		.in_reach	= !efi_is_mixed() || has_thunks(),
		.revision	= efi.runtime_version,
	};

	/* An earlier kernel may have given the memory of this table away. */
	if (efi_enabled(EFI_MEM_ATTR) && !efi_setup)
		facts->memattr = efi_mem_attr_table;
}

/*
 * The pointers in @systab may be converted. The physical ones come from the boot of
 * this kernel, or from the kernel before it.
 */
void efi_rtmap_pointers(struct efi_rtmap_pointers *pointers,
			const void *systab, size_t size)
{
	*pointers = (struct efi_rtmap_pointers) {
		.fw_vendor	= efi_fw_vendor,
		.config_table	= efi_config_table,
	};
}

static bool is_kept(enum e820_type type)
{
	return type == E820_TYPE_ACPI || type == E820_TYPE_NVS ||
	       type == E820_TYPE_RESERVED;
}

/*
 * If @addr is in memory that stays reserved from the boot on, such as firmware's
 * tables, returns the end of this memory. Otherwise returns @addr. kexec passes
 * all such memory on.
 */
u64 efi_rtmap_kept_until(u64 addr)
{
	u32 i;

	for (i = 0; i < e820_table->nr_entries; i++) {
		const struct e820_entry *entry = &e820_table->entries[i];

		if (is_kept(entry->type) && addr >= entry->addr &&
		    addr - entry->addr < entry->size)
			return entry->addr + entry->size;
	}
	return addr;
}

void efi_rtmap_address_space(struct efi_rtmap_space *space)
{
	*space = (struct efi_rtmap_space) {
		.fixed_bottom	= EFI_VA_END,
		.fixed_top	= EFI_VA_START,
		.layout_top	= EFI_VA_START,
		.large_page	= PMD_SIZE,
		.granule	= PAGE_SIZE,
		.identity_end	= efi_is_mixed() ? SZ_4G :
				  1ULL << __VIRTUAL_MASK_SHIFT,
	};
}

int __ref efi_rtmap_alloc_tables(void)
{
	return efi_alloc_page_tables();
}

int __ref efi_rtmap_map(u64 phys, u64 virt, u32 pages, u32 prot)
{
	unsigned long flags = 0;

	if (prot & EFI_RTMAP_PROT_WRITE)
		flags |= _PAGE_RW;
	if (!(prot & EFI_RTMAP_PROT_EXEC))
		flags |= _PAGE_NX;
	if (prot & EFI_RTMAP_PROT_UNCACHED)
		flags |= _PAGE_PCD;
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) &&
	    !(prot & EFI_RTMAP_PROT_IO))
		flags |= _PAGE_ENC;

	return kernel_map_pages_in_pgd(efi_mm.pgd, phys >> PAGE_SHIFT, virt,
				       pages, flags);
}

int __ref efi_rtmap_unmap(u64 virt, u32 pages)
{
	return kernel_unmap_pages_in_pgd(efi_mm.pgd, virt, pages);
}

/* Replaces efi.memmap by an empty map of @size bytes. Rust fills it. */
int __ref efi_rtmap_new_memmap(size_t size)
{
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO;
	void *memmap;

	/* 32-bit firmware reads this map. */
	if (efi_is_mixed())
		gfp |= __GFP_DMA32;
	memmap = (void *)__get_free_pages(gfp, get_order(size));
	if (!memmap)
		return -ENOMEM;

	efi_memmap_unmap();
	return efi_memmap_init_late(__pa(memmap), size);
}

/* Maps the rest that calls need: page 0, GHCBs and, for @svam, the memory map. */
int __ref efi_rtmap_finish_tables(bool svam)
{
	unsigned long size = efi.memmap.nr_map * efi.memmap.desc_size;

	if (efi_setup_page_tables(efi.memmap.phys_map, svam ? PFN_UP(size) : 0))
		return -ENOMEM;

	efi_sync_low_kernel_mappings();
	return has_thunks() ? efi_rtmap_prepare_thunks() : 0;
}

unsigned long __ref efi_rtmap_svam(u64 systab)
{
	efi_memory_desc_t *map = (void *)(unsigned long)efi.memmap.phys_map;

	return efi_set_virtual_address_map(efi.memmap.nr_map *
					   efi.memmap.desc_size,
					   efi.memmap.desc_size,
					   efi.memmap.desc_version, map,
					   systab);
}

/*
 * The kernel's own thunks need all RAM mapped 1:1, so the kernel keeps this memory
 * mapped for 32-bit firmware. Our thunks do not need it.
 */
static void __init unmap_boot_services(void)
{
	const efi_memory_desc_t *md;

	for_each_efi_memory_desc(md) {
		if (md->type == EFI_BOOT_SERVICES_CODE ||
		    md->type == EFI_BOOT_SERVICES_DATA)
			efi_rtmap_unmap(md->phys_addr, md->num_pages);
	}
}

/*
 * SVAM is over. Nothing needs the memory map in the page tables any more, nor boot services
 * memory: drops both from the maps, and frees the latter. With efi=debug, keeps boot
 * services memory for inspection and returns false.
 */
bool __ref efi_rtmap_release_boot_services(void)
{
	efi_rtmap_unmap(efi.memmap.phys_map,
			PFN_UP(efi.memmap.nr_map * efi.memmap.desc_size));
	efi_check_for_embedded_firmwares();
	if (efi_is_mixed() && !efi_enabled(EFI_DBG))
		unmap_boot_services();
	efi_unmap_boot_services();
	return !efi_enabled(EFI_DBG);
}

void __ref efi_rtmap_enable(u32 off, bool forward_cfg, bool collect)
{
	efi_disable_ibt_for_runtime = !forward_cfg;
	if (has_thunks())
		efi_rtmap_set_thunks();
	else
		efi_native_runtime_setup();
	efi_rtmap_check_answers();
	efi_rtmap_refuse(off);
	if (collect)
		efi_delete_dummy_variable();
	efi_dump_pagetable();
}

/* Returns true if kexec passes firmware on although this kernel does not call it. */
bool efi_rtmap_passes_on(void)
{
	return efi_enabled(EFI_MEMMAP) &&
	       (efi_rtmap_must_pass_on() || efi_rtmap_can_pass_on());
}

/* Returns true if a kernel started by kexec can call 32-bit firmware. */
bool efi_rtmap_has_thunks(void)
{
	if (!efi_is_mixed())
		return false;
	return (efi_enabled(EFI_RUNTIME_SERVICES) && efi_rtmap_took_over()) ||
	       efi_rtmap_passes_on();
}

/*
 * Copies the memory map that this kernel was started with. Its memory is still
 * intact.
 */
int efi_rtmap_copy_memmap(void *target, size_t size)
{
	void *map;

	if (!efi_runtime_supported())
		return -EOPNOTSUPP;
	map = memremap(efi.memmap.phys_map, size, MEMREMAP_WB);
	if (!map)
		return -ENOMEM;
	memcpy(target, map, size);
	memunmap(map);
	return 0;
}

/* Keeps the memory map that this kernel was started with after the boot. */
int __ref efi_rtmap_keep_memmap(void)
{
	unsigned long size = efi.memmap.nr_map * efi.memmap.desc_size;

	efi_memmap_unmap();
	return efi_memmap_init_late(efi.memmap.phys_map, size);
}

/*
 * Keeps the memory map after the boot, if it has addresses from the take-over or
 * from an earlier kernel.
 */
static bool __init keep_memmap(void)
{
	if (!efi_enabled(EFI_MEMMAP))
		return false;
	if (efi.memmap.flags & EFI_MEMMAP_LATE)
		return true;
	return efi_setup && !efi_rtmap_keep_memmap();
}

/*
 * Boots on without runtime services. The service pointers are set nevertheless:
 * a caller that does not ask for support gets an error, not a NULL pointer.
 * Without a memory map, kexec passes nothing of EFI on, and no successor calls
 * the firmware.
 */
void __ref efi_rtmap_disable(bool pass_on)
{
	if (!pass_on || !keep_memmap())
		efi_memmap_unmap();
	efi_native_runtime_setup();
	clear_bit(EFI_RUNTIME_SERVICES, &efi.flags);
}
