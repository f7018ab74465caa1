/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map: functions that C calls in Rust, and Rust in C. Upstream
 * code needs <linux/efi-rtmap.h> only.
 */
#ifndef _LINUX_EFI_RTMAP_RUST_H
#define _LINUX_EFI_RTMAP_RUST_H

#include <linux/crc32.h>		/* for Rust */
#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/efi-rtmap-table.h>	/* for Rust */
#ifdef CONFIG_EFI_RTMAP_USER
#include <linux/efi-rtmap-user.h>
#endif

#include <asm/efi-rtmap.h>

/* Rust, called from C. */

bool efi_rtmap_is_off(void);
void efi_rtmap_pass_on(void);
void efi_rtmap_leave_mark(void);
u32 efi_rtmap_longest_wait(void);
bool efi_rtmap_is_occupied(void);
bool efi_rtmap_is_given_up(void);
bool efi_rtmap_resume(void);
void efi_rtmap_reserve(void);
void efi_rtmap_tear_call(void);
void efi_rtmap_show_place(unsigned long address);
u32 efi_rtmap_name(const efi_char16_t *name, const efi_guid_t *vendor,
		   unsigned long room);
bool efi_rtmap_names_end_at(u32 name);
void efi_rtmap_name_given(u32 from, u32 to);
bool efi_rtmap_fits(u32 service, unsigned long *size, unsigned long room);

bool efi_rtmap_took_over(void);
bool efi_rtmap_can_pass_on(void);
/* The value of a file in /sys/firmware/efi/rtmap. */
ssize_t efi_rtmap_show(const char *file, char *buf, size_t size);
size_t efi_rtmap_table_size(void);
ssize_t efi_rtmap_read_table(char *buf, size_t offset, size_t size);

/* Rust, called from other in-kernel users through kernel::efi_rtmap. */

enum efi_rtmap_origin {
	EFI_RTMAP_ORIGIN_FRESH = 1,
	EFI_RTMAP_ORIGIN_HANDOVER = 2,
	EFI_RTMAP_ORIGIN_LEGACY = 3,
};

struct efi_rtmap_info {
	u32	kind;		/* enum efi_rtmap_kind */
	u32	origin;		/* enum efi_rtmap_origin */
	u32	generation;
	u32	regions;
};

struct efi_rtmap_region {
	u64	phys;
	u64	virt;
	u64	pages;
	u32	type;
};

bool efi_rtmap_get_info(struct efi_rtmap_info *info);
bool efi_rtmap_get_region(u32 index, struct efi_rtmap_region *region);
bool efi_rtmap_get_time(efi_time_t *time);

/*
 * C, called from Rust. The functions for the take-over refer to __init code: only
 * efi_rtmap_take_over() may call them.
 */

struct efi_rtmap_boot_facts {
	u64	memattr;	/* 0: no table that can be used */
	u64	smbios;		/* entry point; 0: none */
	bool	kexec;		/* an earlier kernel has left traces, or may have */
	bool	mixed;		/* 32-bit firmware under a 64-bit kernel */
	u32	supported;	/* EFI_RT_SUPPORTED_*, of firmware's RT_PROPERTIES */
	u32	called;		/* those that the kernel calls with its own privilege */
	bool	in_reach;	/* firmware can return to the kernel's privilege */
	u32	revision;	/* of UEFI, as the kernel knows it */
};

/* Pointers of the system table, as physical addresses. */
struct efi_rtmap_pointers {
	u64	fw_vendor;
	u64	config_table;
};

/* Only the first kernel asks: SVAM may convert addresses in the SMBIOS entry point. */
static inline u64 efi_rtmap_smbios(void)
{
	if (efi.smbios3 != EFI_INVALID_TABLE_ADDR)
		return efi.smbios3;
	return efi.smbios == EFI_INVALID_TABLE_ADDR ? 0 : efi.smbios;
}

struct efi_rtmap_space {
	u64	fixed_bottom;
	u64	fixed_top;
	u64	layout_top;
	u64	large_page;
	u64	granule;
	u64	identity_end;
};

#define EFI_RTMAP_PROT_WRITE	0x1
#define EFI_RTMAP_PROT_EXEC	0x2
#define EFI_RTMAP_PROT_UNCACHED	0x4
#define EFI_RTMAP_PROT_IO	0x8
/* The processor may refuse indirect branches to unmarked targets. */
#define EFI_RTMAP_PROT_FORWARD_CFG	0x10

void efi_rtmap_boot_facts(struct efi_rtmap_boot_facts *facts);
void efi_rtmap_pointers(struct efi_rtmap_pointers *pointers,
			const void *systab, size_t size);
void efi_rtmap_address_space(struct efi_rtmap_space *space);
int efi_rtmap_alloc_tables(void);
int efi_rtmap_map(u64 phys, u64 virt, u32 pages, u32 prot);
void efi_rtmap_enable(u32 off, bool forward_cfg, bool collect);
void efi_rtmap_check_answers(void);
void efi_rtmap_refuse(u32 off);
void efi_rtmap_disable(bool pass_on);

/* Memory that firmware's tables should lie in. */
u64 efi_rtmap_kept_until(u64 addr);
u64 efi_rtmap_outside_ram_until(u64 addr);
size_t efi_rtmap_mappable(u64 addr, size_t size);
int efi_rtmap_copy(void *target, u64 addr, size_t size);

/* The handover table, in memory that KHO preserves. */
u64 efi_rtmap_retrieve_table(size_t *room);
u64 efi_rtmap_alloc_table(size_t size);
void efi_rtmap_drop_table(void);

/* For the mark of a call, before it and after it. */
u32 efi_rtmap_current_service(void);
bool efi_rtmap_services_enabled(void);
void efi_rtmap_turn_services_off(void);
void efi_rtmap_write_barrier(void);

/* From the take-over on, the processor's state is protected from firmware. */
void efi_rtmap_guard_calls(void);
u32 efi_rtmap_restore_processor(void);
void efi_rtmap_give_up_call(void);
void efi_rtmap_read_mapped(unsigned long address, u8 *bytes, size_t count);
bool efi_rtmap_is_interruptible(void);
bool efi_rtmap_abort_interrupted(void);

/* C, called from C. */
bool efi_rtmap_must_pass_on(void);

#endif /* _LINUX_EFI_RTMAP_RUST_H */
