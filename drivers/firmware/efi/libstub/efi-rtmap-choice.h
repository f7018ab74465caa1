/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stub's choice of a map: the request on the command line, and the decision
 * where the stub calls SetVirtualAddressMap().
 *
 * The host compiles this file too. tools/stub compares it with the kernel proper's
 * rust/plan/choice/request.rs and decide.rs.
 */
#ifndef _EFI_RTMAP_CHOICE_H
#define _EFI_RTMAP_CHOICE_H

#include <linux/types.h>

/**
 * struct efi_rtmap_request - the request on the command line
 * @off: leave everything to stock Linux
 * @retry: use the services although an earlier kernel saw firmware fail
 * @kind: EFI_RTMAP_KIND_*, or 0 for the best one
 * @timeout: milliseconds that a firmware call may take, or 0 for stock's limit
 */
struct efi_rtmap_request {
	bool	off;
	bool	retry;
	u32	kind;
	u32	timeout;
};

void efi_rtmap_add_option(struct efi_rtmap_request *request, const char *option);

/**
 * struct efi_rtmap_choice_facts - the facts that the choice depends on
 * @request: the request on the command line
 * @svam_supported: RT_PROPERTIES does not exclude SetVirtualAddressMap()
 * @identity_fits: a 1:1 map can hold the runtime regions
 * @fixed_fits: a map with fixed addresses can hold them
 * @quirk: the kind that this machine is known to need, or 0; EFI_RTMAP_KIND_PHYS
 *         where SetVirtualAddressMap() is unsafe
 * @default_kind: the kind that the architecture and the configuration prefer
 */
struct efi_rtmap_choice_facts {
	struct efi_rtmap_request request;
	bool	svam_supported;
	bool	identity_fits;
	bool	fixed_fits;
	u32	quirk;
	u32	default_kind;
};

/**
 * struct efi_rtmap_choice - the decision
 * @kind: EFI_RTMAP_KIND_*, or 0 for no map: SetVirtualAddressMap() is not called,
 *        and the kernel has no runtime services
 * @reason: EFI_RTMAP_REASON_*
 *
 * With @kind 0, EFI_RTMAP_REASON_REQUESTED means that everything is left to stock.
 * EFI_RTMAP_REASON_DOES_NOT_FIT means that no map fits. Any other reason is the reason
 * for a 1:1 map without SetVirtualAddressMap(), which does not fit.
 */
struct efi_rtmap_choice {
	u32	kind;
	u32	reason;
};

struct efi_rtmap_choice
efi_rtmap_choose(const struct efi_rtmap_choice_facts *facts);

#endif /* _EFI_RTMAP_CHOICE_H */
