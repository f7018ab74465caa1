// SPDX-License-Identifier: GPL-2.0
/*
 * The handover table in memory that Kexec Handover (KHO) preserves, for chains whose
 * first kernel was not started by our EFI stub.
 *
 * This file is C, because KHO has no Rust interface, and an initcall has to be C.
 */

#define pr_fmt(fmt) "efi: rtmap: handover table: " fmt

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/init.h>
#include <linux/kexec_handover.h>
#include <linux/kho/abi/efi-rtmap.h>
#include <linux/mm.h>

/* The table for the next kernel. */
static struct folio *table;
static bool retrieved;

static phys_addr_t table_address(void)
{
	return table ? PFN_PHYS(folio_pfn(table)) : EFI_INVALID_TABLE_ADDR;
}

static void retrieve(void)
{
	phys_addr_t address;
	size_t size;
	int error;

	retrieved = true;
	error = kho_retrieve_subtree(EFI_RTMAP_KHO_NAME, &address, &size);
	if (error == -ENOENT || error == -EOPNOTSUPP)
		return;
	if (!error)
		table = kho_restore_folio(address);
	if (table && size <= folio_size(table)) {
		pr_info("at %pa, by Kexec Handover\n", &address);
		return;
	}
	pr_warn("Kexec Handover has not kept it\n");
	efi_rtmap_drop_table();
}

/*
 * Returns the physical address of the table that the kernel before this one has
 * handed over with KHO, or EFI_INVALID_TABLE_ADDR. Sets @room to the size of its
 * memory.
 */
u64 efi_rtmap_retrieve_table(size_t *room)
{
	retrieve();
	*room = table ? folio_size(table) : 0;
	return table_address();
}

/* Returns the address of a new table that is handed over, if KHO is on. */
u64 efi_rtmap_alloc_table(size_t size)
{
	efi_rtmap_drop_table();
	if (kho_is_enabled())
		table = folio_alloc(GFP_KERNEL | __GFP_ZERO, get_order(size));
	return table_address();
}

/* Drops the table that this kernel has found: the next kernel does not need it. */
void efi_rtmap_drop_table(void)
{
	if (table)
		folio_put(table);
	table = NULL;
}

/*
 * Hands the table over, even if this kernel does not use it: its successors may.
 */
static int __init hand_over(void)
{
	int error;

	if (!kho_is_enabled())
		return 0;
	if (!retrieved)
		retrieve();
	if (!table)
		return 0;

	error = kho_preserve_folio(table);
	if (error)
		goto failed;
	error = kho_add_subtree(EFI_RTMAP_KHO_NAME, folio_address(table),
				folio_size(table));
	if (!error)
		return 0;

	kho_unpreserve_folio(table);
failed:
	pr_warn("Kexec Handover does not take it: error %d\n", error);
	return error;
}
fs_initcall_sync(hand_over);	/* KHO itself is ready after fs_initcall. */
