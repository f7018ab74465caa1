// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of firmware's answers about variables. The answers are judged in Rust.
 *
 * This file is C, because its functions replace pointers in struct efi.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/init.h>

static efi_get_variable_t *get_variable __ro_after_init;
static efi_get_next_variable_t *get_next_variable __ro_after_init;

/* Callers may leave @size out: firmware then refuses the call. */
static efi_status_t checked_get_variable(efi_char16_t *name, efi_guid_t *vendor,
					 u32 *attr, unsigned long *size,
					 void *data)
{
	unsigned long room = size ? *size : 0;
	efi_status_t status;

	status = get_variable(name, vendor, attr, size, data);
	if (status == EFI_SUCCESS && size &&
	    !efi_rtmap_fits(EFI_GET_VARIABLE, size, room))
		return EFI_DEVICE_ERROR;
	return status;
}

static efi_status_t checked_get_next_variable(unsigned long *size,
					      efi_char16_t *name,
					      efi_guid_t *vendor)
{
	unsigned long room;
	efi_status_t status;
	u32 from;

	if (!size || !name || !vendor)
		return get_next_variable(size, name, vendor);

	room = *size;
	from = efi_rtmap_name(name, vendor, room);
	if (efi_rtmap_names_end_at(from))
		return EFI_NOT_FOUND;

	status = get_next_variable(size, name, vendor);
	if (status != EFI_SUCCESS)
		return status;
	if (!efi_rtmap_fits(EFI_GET_NEXT_VARIABLE, size, room))
		return EFI_DEVICE_ERROR;
	efi_rtmap_name_given(from, efi_rtmap_name(name, vendor, room));
	return EFI_SUCCESS;
}

/* Call this before anyone copies the pointers. */
void __init efi_rtmap_check_answers(void)
{
	get_variable = efi.get_variable;
	efi.get_variable = checked_get_variable;
	get_next_variable = efi.get_next_variable;
	efi.get_next_variable = checked_get_next_variable;
}
