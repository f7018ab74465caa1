// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of firmware's answers about variables. The kernel's own callers rely on the
 * sizes and on an end of the list.
 *
 * This file is C, because its functions replace pointers in struct efi.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/crc32.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/panic.h>
#include <linux/ucs2_string.h>

static efi_get_variable_t *get_variable __ro_after_init;
static efi_get_next_variable_t *get_next_variable __ro_after_init;

/* Callers may leave @size out: firmware then refuses the call. */
static efi_status_t checked(efi_status_t status, unsigned long *size,
			    unsigned long room, const char *service)
{
	if (status != EFI_SUCCESS || !size || *size <= room)
		return status;

	pr_err_once(FW_BUG "%s says that it has written %lu bytes to a buffer of %lu\n",
		    service, *size, room);
	add_taint(TAINT_FIRMWARE_WORKAROUND, LOCKDEP_STILL_OK);
	*size = 0;
	return EFI_DEVICE_ERROR;
}

static efi_status_t checked_get_variable(efi_char16_t *name, efi_guid_t *vendor,
					 u32 *attr, unsigned long *size,
					 void *data)
{
	unsigned long room = size ? *size : 0;
	efi_status_t status;

	status = get_variable(name, vendor, attr, size, data);
	return checked(status, size, room, "GetVariable");
}

/* Returns the checksum of a name in @room bytes. An empty name has no vendor. */
static u32 name_sum(const efi_char16_t *name, const efi_guid_t *vendor,
		    unsigned long room)
{
	size_t length = ucs2_strnlen(name, room / sizeof(*name));

	if (!length)
		return 0;
	return crc32_le(crc32_le(~0, (const u8 *)name, length * sizeof(*name)),
			(const u8 *)vendor, sizeof(*vendor));
}

static efi_status_t checked_get_next_variable(unsigned long *size,
					      efi_char16_t *name,
					      efi_guid_t *vendor)
{
	unsigned long room = size ? *size : 0;
	efi_status_t status;
	u32 from;

	if (!size || !name || !vendor)
		return get_next_variable(size, name, vendor);

	from = name_sum(name, vendor, room);
	if (efi_rtmap_names_end_at(from)) {
		pr_err_once(FW_BUG "GetNextVariableName gives more names than any store holds\n");
		add_taint(TAINT_FIRMWARE_WORKAROUND, LOCKDEP_STILL_OK);
		return EFI_NOT_FOUND;
	}

	status = checked(get_next_variable(size, name, vendor), size, room,
			 "GetNextVariableName");
	if (status == EFI_SUCCESS)
		efi_rtmap_name_given(from, name_sum(name, vendor, room));
	return status;
}

/* Call this before anyone copies the pointers. */
void __init efi_rtmap_check_answers(void)
{
	get_variable = efi.get_variable;
	efi.get_variable = checked_get_variable;
	get_next_variable = efi.get_next_variable;
	efi.get_next_variable = checked_get_next_variable;
}
