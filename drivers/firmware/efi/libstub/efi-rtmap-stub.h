/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The EFI runtime map in the stub: functions that its files call in each other.
 */
#ifndef _EFI_RTMAP_STUB_H
#define _EFI_RTMAP_STUB_H

struct efi_rtmap_request;
struct efi_rtmap_table_header;

/* Returns the request on the part of the command line that has been read. */
const struct efi_rtmap_request *efi_rtmap_stub_request(void);

/* Returns the handover table of this boot, or NULL. */
struct efi_rtmap_table_header *efi_rtmap_stub_table(void);

#endif /* _EFI_RTMAP_STUB_H */
