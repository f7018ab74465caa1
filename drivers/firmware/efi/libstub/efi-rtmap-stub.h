/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map in the stub: what its files call of each other.
 */
#ifndef _EFI_RTMAP_STUB_H
#define _EFI_RTMAP_STUB_H

struct efi_rtmap_request;
struct efi_rtmap_table_header;

/* The command line so far. */
const struct efi_rtmap_request *efi_rtmap_stub_request(void);

/* The handover table of this boot, or NULL. */
struct efi_rtmap_table_header *efi_rtmap_stub_table(void);

#endif /* _EFI_RTMAP_STUB_H */
