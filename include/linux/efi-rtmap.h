/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map: the functions that upstream code calls.
 */
#ifndef _LINUX_EFI_RTMAP_H
#define _LINUX_EFI_RTMAP_H

#include <linux/completion.h>
#include <linux/efi.h>

struct pt_regs;
struct task_struct;

#define LINUX_EFI_RTMAP_TABLE_GUID	EFI_GUID(0x02a74373, 0xfdca, 0x4483,  0x8f, 0x00, 0x51, 0x1d, 0x64, 0xf3, 0x62, 0x48)

#define LINUX_EFI_RTMAP_LIFE_GUID	EFI_GUID(0xfd9480d6, 0x29f9, 0x4fd9,  0x9c, 0x41, 0xda, 0x54, 0x9b, 0x92, 0x0e, 0x99)

#ifdef CONFIG_EFI_RTMAP

/* Physical addresses of the stub's tables, or EFI_INVALID_TABLE_ADDR. */
extern unsigned long efi_rtmap_table;
extern unsigned long efi_rtmap_life;

/* The first six functions are the stub's. The first one is also in Rust, for the kernel proper. */
void efi_rtmap_parse_option(const char *option);
void efi_rtmap_install_table(void);
void efi_rtmap_ask_of_machine(bool (*needs_svam)(void));
void efi_rtmap_decide(bool *novamap, bool *flat);
void efi_rtmap_announce_svam(void);
efi_status_t efi_rtmap_record_svam(efi_status_t status);
bool efi_rtmap_enables_services(void);
bool efi_rtmap_foreign_memory(void);
unsigned long efi_rtmap_system_table(void);
bool efi_rtmap_take_over(unsigned long systab);
bool efi_rtmap_install(void);
bool efi_rtmap_is_admitted(void);
u64 efi_rtmap_returned(u64 status);
bool efi_rtmap_remove(void);
bool efi_rtmap_passes_on(void);
bool efi_rtmap_has_thunks(void);
bool efi_rtmap_fixup_page_fault(struct pt_regs *regs, unsigned long address);
bool efi_rtmap_fixup_exception(struct pt_regs *regs, const char *what);
void efi_rtmap_show_fault(struct pt_regs *regs);
unsigned long efi_rtmap_wait_for_call(struct completion *done,
				      unsigned long timeout);
void efi_rtmap_call_hung(u32 service);
bool efi_rtmap_is_faulted(void);

#else /* !CONFIG_EFI_RTMAP */

static inline void efi_rtmap_parse_option(const char *option) { }
static inline void efi_rtmap_install_table(void) { }
static inline void efi_rtmap_ask_of_machine(bool (*needs_svam)(void)) { }
static inline void efi_rtmap_decide(bool *novamap, bool *flat) { }
static inline void efi_rtmap_announce_svam(void) { }
static inline bool efi_rtmap_enables_services(void) { return false; }
static inline bool efi_rtmap_foreign_memory(void) { return false; }
static inline unsigned long efi_rtmap_system_table(void) { return 0; }
static inline bool efi_rtmap_take_over(unsigned long systab) { return false; }
static inline bool efi_rtmap_install(void) { return false; }
static inline bool efi_rtmap_is_admitted(void) { return true; }
static inline u64 efi_rtmap_returned(u64 status) { return status; }
static inline bool efi_rtmap_remove(void) { return false; }
static inline bool efi_rtmap_passes_on(void) { return false; }
static inline bool efi_rtmap_has_thunks(void) { return false; }
static inline void efi_rtmap_call_hung(u32 service) { }
static inline void efi_rtmap_show_fault(struct pt_regs *regs) { }
static inline bool efi_rtmap_is_faulted(void) { return false; }

static inline efi_status_t efi_rtmap_record_svam(efi_status_t status)
{
	return status;
}

static inline unsigned long
efi_rtmap_wait_for_call(struct completion *done, unsigned long timeout)
{
	return wait_for_completion_timeout(done, timeout);
}

static inline bool efi_rtmap_fixup_page_fault(struct pt_regs *regs,
					      unsigned long address)
{
	return false;
}

static inline bool efi_rtmap_fixup_exception(struct pt_regs *regs,
					     const char *what)
{
	return false;
}

#endif /* CONFIG_EFI_RTMAP */

#ifdef CONFIG_EFI_RTMAP_USER

/* The services that run in user mode, as runtime-wrappers.c has their arguments. */
bool efi_rtmap_user_makes(u32 service);
efi_status_t efi_rtmap_user_get_time(efi_time_t *time, efi_time_cap_t *capabilities);
efi_status_t efi_rtmap_user_set_time(efi_time_t *time);
efi_status_t efi_rtmap_user_get_wakeup_time(efi_bool_t *enabled, efi_bool_t *pending,
					    efi_time_t *time);
efi_status_t efi_rtmap_user_set_wakeup_time(efi_bool_t enable, efi_time_t *time);
efi_status_t efi_rtmap_user_get_variable(const efi_char16_t *name, efi_guid_t *vendor,
					 u32 *attributes, unsigned long *size, u8 *data);
efi_status_t efi_rtmap_user_get_next_variable(unsigned long *size, efi_char16_t *name,
					      efi_guid_t *vendor);
efi_status_t efi_rtmap_user_set_variable(const efi_char16_t *name, efi_guid_t *vendor,
					 u32 attributes, unsigned long size, u8 *data);
efi_status_t efi_rtmap_user_query_variable_info(u32 attributes, u64 *storage,
						u64 *remaining, u64 *largest);
bool efi_rtmap_user_is_task(const struct task_struct *task);

#else /* !CONFIG_EFI_RTMAP_USER */

static inline bool efi_rtmap_user_is_task(const struct task_struct *task)
{
	return false;
}

#endif /* CONFIG_EFI_RTMAP_USER */

#endif /* _LINUX_EFI_RTMAP_H */
