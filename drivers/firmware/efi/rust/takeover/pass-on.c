// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that must not call firmware passes on the state that it has found, and does
 * not take the map over. This happens with efi=noruntime, the default of PREEMPT_RT.
 *
 * This file is C, because an initcall has to be C.
 */

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/init.h>

/* Returns false if everything is left to stock Linux, which passes on what it can. */
bool efi_rtmap_must_pass_on(void)
{
	return efi_enabled(EFI_BOOT) && efi_runtime_disabled() &&
	       !efi_rtmap_is_off();
}

/* At this time, the boot no longer uses firmware, and kexec cannot read sysfs yet. */
static int __init pass_on(void)
{
	if (efi_rtmap_must_pass_on())
		efi_rtmap_pass_on();
	return 0;
}
subsys_initcall(pass_on);
