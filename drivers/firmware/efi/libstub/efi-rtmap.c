// SPDX-License-Identifier: GPL-2.0
/*
 * The memory in which the kernels of a kexec chain hand the EFI runtime map over.
 *
 * This file is C, because the stub has no Rust.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/efi-rtmap-table.h>
#include <linux/log2.h>

#ifdef CONFIG_X86
#include <asm/msr.h>
#include <asm/tsc.h>
#else
#include <asm/sysreg.h>
#endif

#include "efi-rtmap-choice.h"
#include "efi-rtmap-stub.h"
#include "efistub.h"

/*
 * Number of entries: the least, for memory that only the kernel knows of, and the
 * most.
 */
#define MIN_ENTRIES	256
#define MAX_ENTRIES	8192

/*
 * A runtime descriptor becomes an entry. A descriptor of the memory attributes table
 * cuts an entry into at most three. Other descriptors are not counted: they differ
 * from boot to boot of one machine, and the size of the table must not, because
 * hibernation compares memory maps.
 */
static u32 entries_needed(void)
{
	const efi_memory_attributes_table_t *mat;
	struct efi_boot_memmap *map __free(efi_pool) = NULL;
	u64 entries = 0;

	mat = get_efi_config_table(EFI_MEMORY_ATTRIBUTES_TABLE_GUID);
	if (mat)
		entries += 2 * (u64)mat->num_entries;

	if (efi_get_memory_map(&map, false) == EFI_SUCCESS) {
		for (u32 at = 0; at < map->map_size; at += map->desc_size) {
			const efi_memory_desc_t *md = (void *)map->map + at;

			entries += !!(md->attribute & EFI_MEMORY_RUNTIME);
		}
	}
	entries = clamp(entries, MIN_ENTRIES, MAX_ENTRIES);
	return roundup_pow_of_two(entries);
}

/* Returns a counter that runs since the machine was started. */
static u64 counter(void)
{
#ifdef CONFIG_X86
	return rdtsc();
#else
	return read_sysreg(cntvct_el0);
#endif
}

/*
 * Marks this life of the firmware. Memory of this type is mapped for calls. No image
 * of a hibernated system saves it, and no kernel reuses it.
 */
static void begin_life(struct efi_rtmap_table_header *table)
{
	efi_guid_t guid = LINUX_EFI_RTMAP_LIFE_GUID;
	struct efi_rtmap_life *life;
	u64 random = 0;

	if (efi_bs_call(allocate_pool, EFI_RUNTIME_SERVICES_DATA, sizeof(*life),
			(void **)&life) != EFI_SUCCESS)
		return;

	/* Not all firmware has random numbers. The counter differs from boot to boot. */
	efi_get_random_bytes(sizeof(random), (u8 *)&random);
	life->nonce[0] = cpu_to_le64(counter());
	life->nonce[1] = cpu_to_le64(random);
	life->addresses = 0;

	if (efi_bs_call(install_configuration_table, &guid, life) == EFI_SUCCESS)
		memcpy(table->nonce, life->nonce, sizeof(table->nonce));
	else
		efi_bs_call(free_pool, life);
}

/* Puts the RT_PROPERTIES table of @table in the place of firmware's own. */
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

/* The table of this boot, or NULL. */
static struct efi_rtmap_table_header *table;

/**
 * efi_rtmap_parse_option() - read the words of one efi= option
 * @option: the words, separated by commas
 */
void efi_rtmap_parse_option(const char *option)
{
	efi_rtmap_add_option(&request, option);
}

const struct efi_rtmap_request *efi_rtmap_stub_request(void)
{
	return &request;
}

struct efi_rtmap_table_header *efi_rtmap_stub_table(void)
{
	return table;
}

/**
 * efi_rtmap_install_table() - give the kernels of this boot a handover table
 *
 * Allocates an empty table and installs it as a configuration table. No kernel reuses
 * its memory, and kexec tells every successor to leave it alone. Without the table
 * the kernel still boots, and its successors find the map by the traces that stock
 * kernels leave. With efi=rtmap:off, this function does nothing.
 */
void efi_rtmap_install_table(void)
{
	efi_guid_t guid = LINUX_EFI_RTMAP_TABLE_GUID;
	efi_physical_addr_t address;
	efi_status_t status;
	u32 slot_size, size;

	if (request.off)
		return;

	slot_size = sizeof(struct efi_rtmap_table_slot) +
		    entries_needed() * sizeof(struct efi_rtmap_table_entry);
	size = round_up(sizeof(*table) + EFI_RTMAP_TABLE_SLOTS * slot_size,
			EFI_PAGE_SIZE);

	status = efi_bs_call(allocate_pages, EFI_ALLOCATE_ANY_PAGES,
			     EFI_ACPI_RECLAIM_MEMORY, size / EFI_PAGE_SIZE,
			     &address);
	if (status != EFI_SUCCESS) {
		efi_warn("No memory for the runtime map's handover table\n");
		return;
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
		table = NULL;
		return;
	}
	begin_life(table);
	install_properties(table);
}
