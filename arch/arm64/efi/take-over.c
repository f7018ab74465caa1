// SPDX-License-Identifier: GPL-2.0
/*
 * Functions of arm64 for the take-over of the EFI runtime map.
 *
 * Rust decides and calls these functions once, from arm_enable_runtime_services().
 * They give the kernel's own helpers names that Rust can use: most of these
 * helpers are __init, and Rust code may not refer to __init functions.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/memblock.h>
#include <linux/string.h>

#include <asm/early_ioremap.h>
#include <asm/efi.h>
#include <asm/mmu.h>
#include <asm/mmu_context.h>
#include <asm/pgalloc.h>
#include <asm/rsi.h>

/*
 * The top of a layout of fixed addresses, which grows down, and the alignment that
 * keeps its regions apart. With these values the next kernel can have the same map,
 * for any number of VA bits (36 at least) and any page size (64 KiB at most).
 */
#define LAYOUT_TOP	BIT_ULL(36)
#define LAYOUT_GRANULE	SZ_64K

/* Reads the table of this boot early: no page tables can be built yet. */
static bool __init table_is_used(void)
{
	struct efi_rtmap_table_header *header;
	bool used;

	header = early_memremap(efi_rtmap_table, sizeof(*header));
	if (!header)
		return true;
	used = header->used;
	early_memunmap(header, sizeof(*header));
	return used;
}

/*
 * Returns true if other users may have reused the memory that the first kernel's
 * EFI tables point to. Stock kernels do not check this, and efi=rtmap:off leaves
 * the kernel as stock.
 */
bool __init efi_rtmap_foreign_memory(void)
{
	return !efi_rtmap_is_off() &&
	       efi_rtmap_table != EFI_INVALID_TABLE_ADDR && table_is_used();
}

unsigned long __init efi_rtmap_system_table(void)
{
	struct efi_memory_map_data memory_map;
	u32 secure_boot;

	return efi_get_fdt_params(&memory_map, &secure_boot);
}

/* After SVAM, firmware's tables hold converted addresses. */
static u64 to_phys(u64 addr)
{
	const efi_memory_desc_t *md;

	for_each_efi_memory_desc(md) {
		u64 offset = addr - md->virt_addr;

		if ((md->attribute & EFI_MEMORY_RUNTIME) && addr >= md->virt_addr &&
		    offset < md->num_pages << EFI_PAGE_SHIFT)
			return md->phys_addr + offset;
	}
	return addr;
}

void __ref efi_rtmap_boot_facts(struct efi_rtmap_boot_facts *facts)
{
	*facts = (struct efi_rtmap_boot_facts) {
		/* No other trace tells if firmware started this kernel. */
		.kexec		= efi_rtmap_table == EFI_INVALID_TABLE_ADDR,
		.smbios		= efi_rtmap_smbios(),
		.supported	= efi.runtime_supported_mask,
		.called		= efi.runtime_supported_mask,
		.in_reach	= true,
		.revision	= efi.runtime_version,
	};

	/* Every kernel keeps the memory of this table reserved. */
	if (efi_enabled(EFI_MEM_ATTR))
		facts->memattr = efi_mem_attr_table;
}

void efi_rtmap_pointers(struct efi_rtmap_pointers *pointers,
			const void *systab, size_t size)
{
	efi_system_table_t table = {};

	memcpy(&table, systab, min(size, sizeof(table)));
	*pointers = (struct efi_rtmap_pointers) {
		.fw_vendor	= to_phys(table.fw_vendor),
		.config_table	= to_phys(table.tables),
	};
}

static bool holds(const struct memblock_region *region, u64 addr)
{
	return addr >= region->base && addr - region->base < region->size;
}

/*
 * If @addr is in memory that page allocators do not have, as firmware's tables are,
 * returns the end of this memory. Otherwise returns @addr.
 */
u64 efi_rtmap_kept_until(u64 addr)
{
	struct memblock_region *region;

	for_each_reserved_mem_region(region) {
		if (holds(region, addr))
			return region->base + region->size;
	}
	for_each_mem_region(region) {
		if (memblock_is_nomap(region) && holds(region, addr))
			return region->base + region->size;
	}
	return addr;
}

void efi_rtmap_address_space(struct efi_rtmap_space *space)
{
	*space = (struct efi_rtmap_space) {
		.fixed_bottom	= SZ_512M,
		.fixed_top	= TASK_SIZE_64,
		.layout_top	= LAYOUT_TOP,
		.large_page	= SZ_2M,
		.granule	= LAYOUT_GRANULE,
		.identity_end	= TASK_SIZE_64,
	};
}

int __ref efi_rtmap_alloc_tables(void)
{
	efi_mm.pgd = pgd_alloc(&efi_mm);
	if (!efi_mm.pgd)
		return -ENOMEM;
	mm_init_cpumask(&efi_mm);
	init_new_context(NULL, &efi_mm);
	return 0;
}

static pgprot_t protection(u64 phys, u64 size, u32 prot)
{
	bool write = prot & EFI_RTMAP_PROT_WRITE;

	if (prot & EFI_RTMAP_PROT_IO) {
		pgprot_t device = pgprot_device(PAGE_KERNEL);

		return arm64_is_protected_mmio(phys, size) ?
		       pgprot_encrypted(device) : pgprot_decrypted(device);
	}
	if (!(prot & EFI_RTMAP_PROT_EXEC))
		return write ? PAGE_KERNEL : PAGE_KERNEL_RO;
	return write ? PAGE_KERNEL_EXEC : PAGE_KERNEL_ROX;
}

int __ref efi_rtmap_map(u64 phys, u64 virt, u32 pages, u32 prot)
{
	u64 size = (u64)pages << EFI_PAGE_SHIFT;
	ptval_t value = pgprot_val(protection(phys, size, prot)) | PTE_NG;

	if ((prot & EFI_RTMAP_PROT_EXEC) && (prot & EFI_RTMAP_PROT_FORWARD_CFG) &&
	    system_supports_bti_kernel())
		value |= PTE_GP;

	create_pgd_mapping(&efi_mm, phys, virt, size, __pgprot(value), false);
	return 0;
}

void __ref efi_rtmap_enable(u32 off, bool forward_cfg, bool collect)
{
	efi_native_runtime_setup();
	efi_rtmap_check_answers();
	efi_rtmap_refuse(off);
	set_bit(EFI_RUNTIME_SERVICES, &efi.flags);
}

/*
 * Boots on without runtime services. The service pointers are set nevertheless:
 * a caller that does not ask for support gets an error, not a NULL pointer.
 */
void __ref efi_rtmap_disable(bool pass_on)
{
	efi_native_runtime_setup();
}

/*
 * A stock successor uses the addresses in the memory map. Without them it has no
 * runtime services. If firmware has been converted, any successor needs these
 * addresses to find firmware's tables, and dies early of a wrong one. So converted
 * addresses stay.
 */
void efi_rtmap_withdraw_addresses(void)
{
	efi_memory_desc_t *md;

	for_each_efi_memory_desc(md) {
		if ((md->attribute & EFI_MEMORY_RUNTIME) &&
		    md->virt_addr == md->phys_addr)
			md->virt_addr = U64_MAX;
	}
}
