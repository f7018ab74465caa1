/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_KHO_ABI_EFI_RTMAP_H
#define _LINUX_KHO_ABI_EFI_RTMAP_H

/**
 * DOC: EFI runtime map handover ABI
 *
 * The subtree is a handover table as include/linux/efi-rtmap-table.h defines it,
 * for chains in which the EFI stub of the first kernel has made none. It is one
 * folio, at its start. The successor goes on with the same memory: it restores
 * the folio, writes the slot that is not current, and preserves it again.
 *
 * A kernel looks for no other name than the one below. It ends with the major
 * version of the table, and changes with it.
 */

#define EFI_RTMAP_KHO_NAME	"efi-rtmap-v1"

#endif /* _LINUX_KHO_ABI_EFI_RTMAP_H */
