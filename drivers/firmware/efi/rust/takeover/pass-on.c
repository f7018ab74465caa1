// SPDX-License-Identifier: GPL-2.0
/*
 * When a kernel passes on what it has found, instead of taking it over: it must not
 * call firmware, as with efi=noruntime, which PREEMPT_RT has by default.
 *
 * C: an initcall has to be.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/init.h>

/* Not if all is left to stock, which passes on what it can. */
bool efi_rtmap_must_pass_on(void)
{
	return efi_enabled(EFI_BOOT) && efi_runtime_disabled() &&
	       !efi_rtmap_is_off();
}

/* The boot is done with firmware, and what kexec reads in sysfs is not there yet. */
static int __init pass_on(void)
{
	if (efi_rtmap_must_pass_on())
		efi_rtmap_pass_on();
	return 0;
}
subsys_initcall(pass_on);
