/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map: C functions of arm64 that its Rust side calls.
 */
#ifndef _ASM_EFI_RTMAP_H
#define _ASM_EFI_RTMAP_H

#include <linux/types.h>

/* Called when firmware has failed. */
void efi_rtmap_withdraw_addresses(void);

/* Around each firmware call, with efi_runtime_lock held. */
bool efi_rtmap_enter_mm(void);
void efi_rtmap_leave_mm(bool kthread);
void efi_rtmap_fpsimd_begin(void);
void efi_rtmap_fpsimd_end(void);
void efi_rtmap_enable_ttbr0(void);
void efi_rtmap_disable_ttbr0(void);

/* State that firmware has to preserve. Each value is the bit that reports a change. */
enum efi_rtmap_kept {
	EFI_RTMAP_KEPT_X19,
	EFI_RTMAP_KEPT_X28 = 9,
	EFI_RTMAP_KEPT_X29,
	EFI_RTMAP_KEPT_SP,
	EFI_RTMAP_KEPT_X18,
	EFI_RTMAP_KEPT_REGISTERS,
};

#endif /* _ASM_EFI_RTMAP_H */
