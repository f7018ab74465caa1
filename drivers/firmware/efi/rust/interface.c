// SPDX-License-Identifier: GPL-2.0
/*
 * The user's side of the EFI runtime map: boot option and sysfs. Both need macros
 * that Rust does not have. The content is in Rust.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

unsigned long efi_rtmap_table __ro_after_init = EFI_INVALID_TABLE_ADDR;
unsigned long efi_rtmap_life __ro_after_init = EFI_INVALID_TABLE_ADDR;

EXPORT_SYMBOL_GPL(efi_rtmap_get_info);
EXPORT_SYMBOL_GPL(efi_rtmap_get_region);

/**
 * efi_rtmap_get_time() - read the firmware's clock
 * @time: buffer for the time
 *
 * Return: true if firmware gave the time.
 */
bool efi_rtmap_get_time(efi_time_t *time)
{
	return efi_rt_services_supported(EFI_RT_SUPPORTED_GET_TIME) &&
	       efi.get_time(time, NULL) == EFI_SUCCESS;
}
EXPORT_SYMBOL_GPL(efi_rtmap_get_time);

/* Returns the service that is about to be called, or EFI_RTMAP_CALL_DIRECT. */
u32 efi_rtmap_current_service(void)
{
	if (current_work() == &efi_rts_work.work)
		return efi_rts_work.efi_rts_id;
	return EFI_RTMAP_CALL_DIRECT;
}

bool efi_rtmap_services_enabled(void)
{
	return efi_enabled(EFI_RUNTIME_SERVICES);
}

/* Callers get an error from now on. */
void efi_rtmap_turn_services_off(void)
{
	clear_bit(EFI_RUNTIME_SERVICES, &efi.flags);
}

/* Rust has this barrier too, but under names that differ between kernel versions. */
void efi_rtmap_write_barrier(void)
{
	/*
	 * A reader that finds the handover slot's CRC must find the slot's content
	 * too.
	 */
	smp_wmb();
}

/*
 * Ends the wait for the call in progress with an error. The workqueue's thread would
 * not do this: once services are off, it goes no further.
 */
void efi_rtmap_give_up_call(void)
{
	if (current_work() != &efi_rts_work.work)
		return;
	efi_rts_work.status = EFI_ABORTED;
	complete(&efi_rts_work.efi_rts_comp);
}

static int __init parse_efi_option(char *option)
{
	if (option)
		efi_rtmap_parse_option(option);
	return 0;
}
early_param("efi", parse_efi_option);

static int __init parse_noefi(char *option)
{
	efi_rtmap_parse_option("noruntime");
	return 0;
}
early_param("noefi", parse_noefi);

static ssize_t show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return efi_rtmap_show(attr->attr.name, buf, PAGE_SIZE);
}

/* Rust finds the value of each file by its name. */
#define RTMAP_FILE(name) (&((struct kobj_attribute)__ATTR(name, 0444, show, NULL)).attr)

static struct attribute *rtmap_attrs[] = {
	RTMAP_FILE(kind),
	RTMAP_FILE(origin),
	RTMAP_FILE(svam),
	RTMAP_FILE(generation),
	RTMAP_FILE(reason),
	RTMAP_FILE(requested),
	RTMAP_FILE(regions),
	RTMAP_FILE(shared_pages),
	RTMAP_FILE(wx_pages),
	RTMAP_FILE(faulted),
	RTMAP_FILE(services),
	RTMAP_FILE(privilege),
#ifdef CONFIG_EFI_RTMAP_USER
	RTMAP_FILE(privileges),
#endif
	NULL
};

static ssize_t table_read(struct file *file, struct kobject *kobj,
			  const struct bin_attribute *attr, char *buf,
			  loff_t offset, size_t size)
{
	return efi_rtmap_read_table(buf, offset, size);
}

static const BIN_ATTR_ADMIN_RO(table, 0);

static const struct bin_attribute *const rtmap_bin_attrs[] = {
	&bin_attr_table,
	NULL
};

static umode_t table_is_visible(struct kobject *kobj,
				const struct bin_attribute *attr, int n)
{
	return efi_rtmap_table_size() ? attr->attr.mode : 0;
}

static size_t table_size(struct kobject *kobj,
			 const struct bin_attribute *attr, int n)
{
	return efi_rtmap_table_size();
}

static const struct attribute_group rtmap_group = {
	.name		= "rtmap",
	.attrs		= rtmap_attrs,
	.bin_attrs	= rtmap_bin_attrs,
	.is_bin_visible	= table_is_visible,
	.bin_size	= table_size,
};

static int __init efi_rtmap_sysfs_init(void)
{
	int error;

	if (!efi_rtmap_must_pass_on())
		efi_rtmap_leave_mark();

	if (!efi_kobj || !efi_rtmap_took_over())
		return 0;

	error = sysfs_create_group(efi_kobj, &rtmap_group);
	if (error)
		pr_err("cannot create the sysfs group: error %d\n", error);
	return error;
}
subsys_initcall_sync(efi_rtmap_sysfs_init);
