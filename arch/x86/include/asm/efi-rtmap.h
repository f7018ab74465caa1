/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map: C functions of x86 that its Rust side calls.
 */
#ifndef _ASM_X86_EFI_RTMAP_H
#define _ASM_X86_EFI_RTMAP_H

#include <linux/types.h>

struct mm_struct;
struct pt_regs;

/* For the take-over. */
unsigned long efi_rtmap_svam(u64 systab);
bool efi_rtmap_release_boot_services(void);
int efi_rtmap_unmap(u64 virt, u32 pages);
int efi_rtmap_new_memmap(size_t size);
int efi_rtmap_finish_tables(bool svam);

/* For a kernel that must not call firmware. */
int efi_rtmap_copy_memmap(void *target, size_t size);
int efi_rtmap_keep_memmap(void);

/* For 32-bit firmware. The kernel's thunk returns through the trampoline. */
extern const u8 __efi64_thunk_ret_tramp[];
bool efi_rtmap_is_in_reach(void);
int efi_rtmap_prepare_thunks(void);
void efi_rtmap_set_thunks(void);
#ifdef CONFIG_EFI_MIXED
void efi_rtmap_leave_thunk(struct pt_regs *regs);
#else
static inline void efi_rtmap_leave_thunk(struct pt_regs *regs) { }
#endif

/* Around each firmware call, with efi_runtime_lock held. */
void efi_rtmap_sync_kernel_mappings(void);
void efi_rtmap_fpu_begin(void);
void efi_rtmap_fpu_end(void);
void efi_rtmap_restrict_speculation(void);
void efi_rtmap_unrestrict_speculation(void);
struct mm_struct *efi_rtmap_enter_mm(void);
void efi_rtmap_leave_mm(struct mm_struct *prev);
unsigned long efi_rtmap_disable_lass(void);
void efi_rtmap_restore_lass(unsigned long lass);

/* The address in __efi_call() that firmware returns to. */
extern const char efi_rtmap_call_return[];

/* State that firmware has to preserve. Each value is the bit that reports a change. */
enum efi_rtmap_kept {
	EFI_RTMAP_KEPT_RBX,
	EFI_RTMAP_KEPT_RBP,
	EFI_RTMAP_KEPT_R12,
	EFI_RTMAP_KEPT_R13,
	EFI_RTMAP_KEPT_R14,
	EFI_RTMAP_KEPT_R15,
	EFI_RTMAP_KEPT_REGISTERS,
	EFI_RTMAP_KEPT_DF = EFI_RTMAP_KEPT_REGISTERS,
	EFI_RTMAP_KEPT_AC,
	EFI_RTMAP_KEPT_FPU_CONTROL,
	EFI_RTMAP_KEPT_MXCSR,
};

#endif /* _ASM_X86_EFI_RTMAP_H */
