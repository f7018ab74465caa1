/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_KHO_ABI_EFI_RTMAP_H
#define _LINUX_KHO_ABI_EFI_RTMAP_H

/**
 * DOC: EFI runtime map handover ABI
 *
 * The subtree is a handover table as include/linux/efi-rtmap-table.h defines it. It is
 * for chains whose first kernel has no table from an EFI stub. The table is at the
 * start of one folio. The successor keeps using the same memory: it restores the
 * folio, writes the slot that is not current, and preserves the folio again.
 *
 * A kernel looks only for the name below. The name ends with the major version of
 * the table, and changes with it.
 */

#define EFI_RTMAP_KHO_NAME	"efi-rtmap-v1"

#endif /* _LINUX_KHO_ABI_EFI_RTMAP_H */
