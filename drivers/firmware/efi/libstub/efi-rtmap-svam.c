// SPDX-License-Identifier: GPL-2.0
/*
 * SetVirtualAddressMap() where the stub calls it. In the stub, firmware has its own
 * mappings, its stack and all devices. In the kernel proper it would not have them.
 *
 * efi-rtmap-choice.c makes the choice. The handover table records the result, and
 * the kernel proper acts on this record.
 *
 * This file is C, because the stub has no Rust.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/efi-rtmap-table.h>

#include <asm/memory.h>

#include "efi-rtmap-choice.h"
#include "efi-rtmap-stub.h"
#include "efistub.h"

/*
 * The first address of efi_get_virtmap(), and the largest gap that it leaves before
 * a region.
 */
#define LAYOUT_BASE	SZ_512M
#define LAYOUT_GAP	SZ_2M

/* The lower half of the address space, in every kernel of this configuration. */
#define LOWER_HALF	BIT_ULL(VA_BITS_MIN)

/* Stock's own list of machines that crash without SetVirtualAddressMap(). */
static bool (*needs_svam)(void);

void efi_rtmap_ask_of_machine(bool (*ask)(void))
{
	needs_svam = ask;
}

/*
 * Laptops whose firmware crashes or hangs in SetVirtualAddressMap(), by machine type.
 * The report is about all laptops with these processors. The names of two are known
 * (Shawn Guo on linux-efi, 2021-03-09).
 */
static bool breaks_in_svam(void)
{
	static const char types[][5] = {
		"81JL",		/* Yoga C630 */
		"82AK",		/* Flex 5G */
	};
	const struct efi_smbios_type1_record *system;
	const u8 *maker, *type;

	system = (const void *)efi_get_smbios_record(1);
	if (!system)
		return false;
	maker = efi_get_smbios_string(system, manufacturer);
	type = efi_get_smbios_string(system, product_name);
	if (!maker || !type || strcmp((const char *)maker, "LENOVO"))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp((const char *)type, types[i]))
			return true;
	}
	return false;
}

/* Returns the kind that the machine is known to need, or 0. */
static u32 known_kind(void)
{
	if (breaks_in_svam())
		return EFI_RTMAP_KIND_PHYS;
	return needs_svam && needs_svam() ? EFI_RTMAP_KIND_FIXED : 0;
}

static u32 default_kind(void)
{
	if (IS_ENABLED(CONFIG_EFI_RTMAP_DEFAULT_IDENT))
		return EFI_RTMAP_KIND_IDENT;
	if (IS_ENABLED(CONFIG_EFI_RTMAP_DEFAULT_FIXED))
		return EFI_RTMAP_KIND_FIXED;
	return EFI_RTMAP_KIND_PHYS;
}

/* Finds the kinds of map that can hold the runtime regions: both, in case of doubt. */
static void find_room(struct efi_rtmap_choice_facts *facts)
{
	struct efi_boot_memmap *map __free(efi_pool) = NULL;
	u64 fixed_end = LAYOUT_BASE;

	facts->identity_fits = true;
	facts->fixed_fits = true;
	if (efi_get_memory_map(&map, false) != EFI_SUCCESS)
		return;

	for (u32 at = 0; at < map->map_size; at += map->desc_size) {
		const efi_memory_desc_t *md = (void *)map->map + at;
		u64 pages = md->num_pages;

		/*
		 * The kernel proper ignores a region that ends beyond all
		 * addresses, too.
		 */
		if (!(md->attribute & EFI_MEMORY_RUNTIME) ||
		    pages > (U64_MAX - md->phys_addr) >> EFI_PAGE_SHIFT)
			continue;
		if (md->phys_addr >= LOWER_HALF ||
		    pages > (LOWER_HALF - md->phys_addr) >> EFI_PAGE_SHIFT)
			facts->identity_fits = false;
		/* The sum saturates, so that it never wraps to a small value. */
		pages = min(pages, LOWER_HALF >> EFI_PAGE_SHIFT);
		fixed_end = min(fixed_end + (pages << EFI_PAGE_SHIFT) + LAYOUT_GAP,
				LOWER_HALF + 1);
	}
	facts->fixed_fits = fixed_end <= LOWER_HALF;
}

/**
 * efi_rtmap_decide() - decide on SetVirtualAddressMap(), and record it
 * @novamap: set to true if SetVirtualAddressMap() is not called
 * @flat: set to true if SetVirtualAddressMap() gets the physical addresses
 *
 * Without a handover table the stub does as in stock Linux. A kernel that must not
 * call firmware makes no difference, as in stock: its successors may call it.
 */
void efi_rtmap_decide(bool *novamap, bool *flat)
{
	struct efi_rtmap_table_header *table = efi_rtmap_stub_table();
	struct efi_rtmap_choice_facts facts = {
		.request = *efi_rtmap_stub_request(),
		.default_kind = default_kind(),
	};
	struct efi_rtmap_choice choice;

	if (!table)
		return;

	facts.svam_supported = efi_system_table->runtime->set_virtual_address_map &&
			       (le32_to_cpu(table->supported) &
				EFI_RT_SUPPORTED_SET_VIRTUAL_ADDRESS_MAP);
	facts.quirk = known_kind();
	find_room(&facts);
	choice = efi_rtmap_choose(&facts);

	*novamap = choice.kind != EFI_RTMAP_KIND_IDENT &&
		   choice.kind != EFI_RTMAP_KIND_FIXED;
	*flat = choice.kind == EFI_RTMAP_KIND_IDENT;

	table->stub.reason = cpu_to_le32(choice.reason);
	table->stub.kind = cpu_to_le32(choice.kind);
	table->stub.svam = cpu_to_le32(*novamap ? EFI_RTMAP_SVAM_NOT_CALLED :
						  EFI_RTMAP_SVAM_UNKNOWN);
}

/* If firmware hangs, this is the last line: the console goes with boot services. */
void efi_rtmap_announce_svam(void)
{
	const struct efi_rtmap_table_header *table = efi_rtmap_stub_table();

	if (table && table->stub.svam == cpu_to_le32(EFI_RTMAP_SVAM_UNKNOWN))
		efi_printk(KERN_WARNING "Calling SetVirtualAddressMap(); if nothing follows, firmware hangs in it: boot with efi=rtmap:phys\n");
}

/**
 * efi_rtmap_record_svam() - record for the kernel proper the status of SVAM
 * @status: the status that firmware has returned
 *
 * Return: the status for the stub. A warning becomes a success: firmware has been
 * converted, and the kernel finds its tables by the addresses in the memory map.
 */
efi_status_t efi_rtmap_record_svam(efi_status_t status)
{
	struct efi_rtmap_table_header *table = efi_rtmap_stub_table();
	bool error = status >> (BITS_PER_LONG - 1);
	u32 svam = EFI_RTMAP_SVAM_FAILED;

	if (!table)
		return status;
	if (status == EFI_SUCCESS)
		svam = table->stub.kind == cpu_to_le32(EFI_RTMAP_KIND_IDENT) ?
		       EFI_RTMAP_SVAM_CALLED_IDENT : EFI_RTMAP_SVAM_CALLED_FIXED;
	table->stub.svam = cpu_to_le32(svam);
	table->stub.status = cpu_to_le64(status);
	return error ? status : EFI_SUCCESS;
}
