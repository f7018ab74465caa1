// SPDX-License-Identifier: GPL-2.0
/*
 * Memory in which the kernels of a kexec chain hand the EFI runtime map over.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/efi-rtmap-table.h>

#include "efi-rtmap-choice.h"
#include "efistub.h"

/* Room for entries: the least, for memory that only the kernel knows of, and the most. */
#define MIN_ENTRIES	256
#define MAX_ENTRIES	8192

/*
 * A memory descriptor becomes an entry, and a descriptor of the memory
 * attributes table cuts one in at most three.
 */
static u32 entries_needed(void)
{
	const efi_memory_attributes_table_t *mat;
	struct efi_boot_memmap *map __free(efi_pool) = NULL;
	u64 entries = 0;

	mat = get_efi_config_table(EFI_MEMORY_ATTRIBUTES_TABLE_GUID);
	if (mat)
		entries += 2 * (u64)mat->num_entries;

	if (efi_get_memory_map(&map, false) == EFI_SUCCESS)
		entries += map->map_size / map->desc_size;

	return clamp(entries, MIN_ENTRIES, MAX_ENTRIES);
}

/* Puts the RT_PROPERTIES table in @table in the place of firmware's. */
static void install_properties(struct efi_rtmap_table_header *table)
{
	efi_guid_t guid = EFI_RT_PROPERTIES_TABLE_GUID;
	const efi_rt_properties_table_t *properties;
	u32 supported = EFI_RT_SUPPORTED_ALL;

	properties = get_efi_config_table(guid);
	if (properties)
		supported &= properties->runtime_services_supported;

	table->properties_version = cpu_to_le16(EFI_RT_PROPERTIES_TABLE_VERSION);
	table->properties_length = cpu_to_le16(sizeof(*properties));
	table->properties_supported = cpu_to_le32(supported);
	table->supported = cpu_to_le32(supported);

	if (efi_bs_call(install_configuration_table, &guid,
			&table->properties_version) != EFI_SUCCESS) {
		efi_warn("Cannot install the table of supported runtime services\n");
		table->properties_length = 0;
	}
}

static struct efi_rtmap_request request;

/**
 * efi_rtmap_parse_option() - read the words of one efi= option
 * @option: the words, separated by commas
 */
void efi_rtmap_parse_option(const char *option)
{
	efi_rtmap_add_option(&request, option);
}

/**
 * efi_rtmap_install_table() - give the kernels of this boot a handover table
 *
 * Allocates and installs an empty table as a configuration table. It is memory
 * that no kernel reuses, and that kexec tells every successor to leave alone.
 * Without it the kernel still boots, and its successors find the map by the
 * traces that stock kernels leave. With efi=rtmap:off, nothing is done at all.
 *
 * Return: whether the kernel proper is to decide upon SetVirtualAddressMap(),
 * and can prove to itself that it is the first.
 */
bool efi_rtmap_install_table(void)
{
	efi_guid_t guid = LINUX_EFI_RTMAP_TABLE_GUID;
	struct efi_rtmap_table_header *table;
	efi_physical_addr_t address;
	efi_status_t status;
	u32 slot_size, size;

	if (request.off)
		return false;

	slot_size = sizeof(struct efi_rtmap_table_slot) +
		    entries_needed() * sizeof(struct efi_rtmap_table_entry);
	size = round_up(sizeof(*table) + EFI_RTMAP_TABLE_SLOTS * slot_size,
			EFI_PAGE_SIZE);

	status = efi_bs_call(allocate_pages, EFI_ALLOCATE_ANY_PAGES,
			     EFI_ACPI_RECLAIM_MEMORY, size / EFI_PAGE_SIZE,
			     &address);
	if (status != EFI_SUCCESS) {
		efi_warn("No memory for the runtime map's handover table\n");
		return false;
	}

	table = (void *)(unsigned long)address;
	memset(table, 0, size);
	table->magic = cpu_to_le64(EFI_RTMAP_TABLE_MAGIC);
	table->size = cpu_to_le32(size);
	table->slot_size = cpu_to_le32(slot_size);

	status = efi_bs_call(install_configuration_table, &guid, table);
	if (status != EFI_SUCCESS) {
		efi_warn("Cannot install the runtime map's handover table\n");
		efi_bs_call(free_pages, address, size / EFI_PAGE_SIZE);
		return false;
	}
	install_properties(table);
	return true;
}
