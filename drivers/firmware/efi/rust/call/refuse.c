// SPDX-License-Identifier: GPL-2.0
/*
 * Refusal of services that firmware has no code for. All callers get an error, and
 * firmware is not entered. Most callers in the kernel do not ask for support first.
 *
 * ACPI PRM handlers are no runtime services, and are not refused.
 *
 * This file is C, because its functions replace pointers in struct efi.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/init.h>
#include <linux/printk.h>

/*
 * The kernel asks for each of these services together with a neighbour, and uses
 * neither if one is not supported: rtc-efi, its alarm, and efivars do so. So these
 * services count as supported, and a call of the missing one gets an error. Without
 * GetNextVariableName the kernel still has no efivars: an empty list would say that
 * there are no variables.
 */
#define ASKED_FOR_TOGETHER	(EFI_RT_SUPPORTED_TIME_SERVICES |	\
				 EFI_RT_SUPPORTED_WAKEUP_SERVICES |	\
				 EFI_RT_SUPPORTED_GET_VARIABLE |	\
				 EFI_RT_SUPPORTED_GET_NEXT_VARIABLE_NAME)

static efi_status_t no_get_time(efi_time_t *time, efi_time_cap_t *capabilities)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_set_time(efi_time_t *time)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_get_wakeup_time(efi_bool_t *enabled, efi_bool_t *pending,
				       efi_time_t *time)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_set_wakeup_time(efi_bool_t enabled, efi_time_t *time)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_get_variable(efi_char16_t *name, efi_guid_t *vendor,
				    u32 *attributes, unsigned long *size,
				    void *data)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_get_next_variable(unsigned long *size, efi_char16_t *name,
					 efi_guid_t *vendor)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_set_variable(efi_char16_t *name, efi_guid_t *vendor,
				    u32 attributes, unsigned long size,
				    void *data)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_get_next_high_mono_count(u32 *count)
{
	return EFI_UNSUPPORTED;
}

/* Returns, so that the kernel tries its other ways to reset. */
static void no_reset_system(int type, efi_status_t status, unsigned long size,
			    efi_char16_t *data)
{
	pr_warn("ResetSystem is off\n");
}

static efi_status_t no_update_capsule(efi_capsule_header_t **capsules,
				      unsigned long count,
				      unsigned long sg_list)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_query_capsule_caps(efi_capsule_header_t **capsules,
					  unsigned long count, u64 *max_size,
					  int *reset_type)
{
	return EFI_UNSUPPORTED;
}

static efi_status_t no_query_variable_info(u32 attributes, u64 *storage,
					   u64 *remaining, u64 *largest)
{
	return EFI_UNSUPPORTED;
}

/**
 * efi_rtmap_refuse() - refuse calls of some services
 * @off: the services, EFI_RT_SUPPORTED_*
 *
 * Call this before anyone copies the pointers.
 */
void __init efi_rtmap_refuse(u32 off)
{
	if (off & EFI_RT_SUPPORTED_GET_TIME)
		efi.get_time = no_get_time;
	if (off & EFI_RT_SUPPORTED_SET_TIME)
		efi.set_time = no_set_time;
	if (off & EFI_RT_SUPPORTED_GET_WAKEUP_TIME)
		efi.get_wakeup_time = no_get_wakeup_time;
	if (off & EFI_RT_SUPPORTED_SET_WAKEUP_TIME)
		efi.set_wakeup_time = no_set_wakeup_time;
	if (off & EFI_RT_SUPPORTED_GET_VARIABLE)
		efi.get_variable = no_get_variable;
	if (off & EFI_RT_SUPPORTED_GET_NEXT_VARIABLE_NAME)
		efi.get_next_variable = no_get_next_variable;
	if (off & EFI_RT_SUPPORTED_SET_VARIABLE) {
		efi.set_variable = no_set_variable;
		efi.set_variable_nonblocking = no_set_variable;
	}
	if (off & EFI_RT_SUPPORTED_GET_NEXT_HIGH_MONOTONIC_COUNT)
		efi.get_next_high_mono_count = no_get_next_high_mono_count;
	if (off & EFI_RT_SUPPORTED_RESET_SYSTEM)
		efi.reset_system = no_reset_system;
	if (off & EFI_RT_SUPPORTED_UPDATE_CAPSULE)
		efi.update_capsule = no_update_capsule;
	if (off & EFI_RT_SUPPORTED_QUERY_CAPSULE_CAPABILITIES)
		efi.query_capsule_caps = no_query_capsule_caps;
	if (off & EFI_RT_SUPPORTED_QUERY_VARIABLE_INFO) {
		efi.query_variable_info = no_query_variable_info;
		efi.query_variable_info_nonblocking = no_query_variable_info;
	}
	efi.runtime_supported_mask &= ~off | ASKED_FOR_TOGETHER;
}
