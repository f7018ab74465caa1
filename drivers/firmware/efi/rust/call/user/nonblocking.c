// SPDX-License-Identifier: GPL-2.0
/*
 * Callers that do not want to wait. Many of them can: then user mode makes their calls as
 * any others. In a panic, an oops, or with a spinlock held, no other task may run, so the
 * kernel calls firmware with its own privilege.
 *
 * This file is C, because its functions replace pointers in struct efi.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-user.h>
#include <linux/preempt.h>

static efi_set_variable_t *set_variable_at_once __ro_after_init;
static efi_query_variable_info_t *query_variable_info_at_once __ro_after_init;

static efi_status_t set_variable(efi_char16_t *name, efi_guid_t *vendor,
				 u32 attributes, unsigned long size, void *data)
{
	efi_set_variable_t *set = preemptible() ? efi.set_variable :
						  set_variable_at_once;

	return set(name, vendor, attributes, size, data);
}

static efi_status_t query_variable_info(u32 attributes, u64 *storage,
					u64 *remaining, u64 *max_size)
{
	efi_query_variable_info_t *query = preemptible() ? efi.query_variable_info :
							   query_variable_info_at_once;

	return query(attributes, storage, remaining, max_size);
}

void efi_rtmap_user_serve_callers_that_can_wait(void)
{
	set_variable_at_once = efi.set_variable_nonblocking;
	query_variable_info_at_once = efi.query_variable_info_nonblocking;
	efi.set_variable_nonblocking = set_variable;
	efi.query_variable_info_nonblocking = query_variable_info;
}
