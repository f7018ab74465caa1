/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_EFI_RTMAP_TABLE_H
#define _LINUX_EFI_RTMAP_TABLE_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/**
 * DOC: EFI runtime map handover table
 *
 * The table describes the installed EFI runtime map to the next kernel of a kexec
 * chain. It is a contract between kernels of different versions.
 *
 * The EFI stub allocates the table as EFI_ACPI_RECLAIM_MEMORY, which every kernel and
 * every kexec leaves alone. The stub installs it as a configuration table under
 * LINUX_EFI_RTMAP_TABLE_GUID. Without a table from a stub, Kexec Handover may carry
 * one, see include/linux/kho/abi/efi-rtmap.h. The table consists of a header and two
 * slots. A kernel writes the slot that is not current. If it stops while it writes,
 * the other slot is still valid. A slot whose length and CRC are zero has never been
 * written.
 *
 * The stub also installs a second configuration table: struct efi_rtmap_life. It is
 * in runtime services data, which no kernel saves, restores or reuses. Both tables
 * hold the same nonce. The image of a hibernated system may bring an old handover
 * table back, or a reset may leave one in memory. Such a table has another nonce, and
 * a reader refuses it.
 *
 * The header contains an EFI_RT_PROPERTIES_TABLE (UEFI 2.10, section 4.6.2), which the
 * stub installs in place of firmware's own. When firmware has failed, this table keeps
 * kernels that do not know the handover table from calling it. This includes kernels
 * that were loaded before the failure.
 *
 * All fields are little endian. All addresses are physical, except the entries' @virt.
 * Fields and bits that are not defined are zero. A reader refuses a slot whose major
 * version it does not know, and a slot with an undefined flag of
 * EFI_RTMAP_SLOT_MUST_KNOW. A reader ignores other flags. It also ignores bytes behind
 * the fields that it knows: a minor version may add fields to the end of the slot's
 * header and to the end of an entry, and enlarges @entry_offset and @entry_size
 * accordingly.
 *
 * Any other change of layout or meaning is breaking and raises the major
 * version.
 */

#define EFI_RTMAP_TABLE_MAGIC	0x50414d5452494645ULL	/* "EFIRTMAP" */

#define EFI_RTMAP_TABLE_SLOTS	2
#define EFI_RTMAP_TABLE_ALLOWED	16

/**
 * enum efi_rtmap_kind - kind of the addresses that firmware is called at
 * @EFI_RTMAP_KIND_PHYS: 1:1, and SetVirtualAddressMap() is not called
 * @EFI_RTMAP_KIND_IDENT: 1:1, and SetVirtualAddressMap() gets these addresses
 * @EFI_RTMAP_KIND_FIXED: other addresses, which SetVirtualAddressMap() gets
 */
enum efi_rtmap_kind {
	EFI_RTMAP_KIND_PHYS = 1,
	EFI_RTMAP_KIND_IDENT = 2,
	EFI_RTMAP_KIND_FIXED = 3,
};

/**
 * enum efi_rtmap_svam - knowledge of SetVirtualAddressMap() in this firmware's life
 * @EFI_RTMAP_SVAM_UNKNOWN: nothing is known
 * @EFI_RTMAP_SVAM_NOT_CALLED: it has not been called
 * @EFI_RTMAP_SVAM_CALLED_IDENT: it has been called with 1:1 addresses
 * @EFI_RTMAP_SVAM_CALLED_FIXED: it has been called with other addresses
 * @EFI_RTMAP_SVAM_FAILED: it has been called, and has returned an error
 */
enum efi_rtmap_svam {
	EFI_RTMAP_SVAM_UNKNOWN = 0,
	EFI_RTMAP_SVAM_NOT_CALLED = 1,
	EFI_RTMAP_SVAM_CALLED_IDENT = 2,
	EFI_RTMAP_SVAM_CALLED_FIXED = 3,
	EFI_RTMAP_SVAM_FAILED = 4,
};

/**
 * enum efi_rtmap_reason - reason for the kind of a map
 * @EFI_RTMAP_REASON_REQUESTED: the command line asks for this kind
 * @EFI_RTMAP_REASON_DEFAULT: the architecture and the configuration prefer this kind
 * @EFI_RTMAP_REASON_QUIRK: the machine is known to need this kind
 * @EFI_RTMAP_REASON_SVAM_UNSUPPORTED: firmware does not support SetVirtualAddressMap()
 * @EFI_RTMAP_REASON_DOES_NOT_FIT: the addresses of the preferred kind do not fit
 * @EFI_RTMAP_REASON_SVAM_FAILED: SetVirtualAddressMap() has refused another kind
 */
enum efi_rtmap_reason {
	EFI_RTMAP_REASON_REQUESTED = 1,
	EFI_RTMAP_REASON_DEFAULT = 2,
	EFI_RTMAP_REASON_QUIRK = 3,
	EFI_RTMAP_REASON_SVAM_UNSUPPORTED = 5,
	EFI_RTMAP_REASON_DOES_NOT_FIT = 6,
	EFI_RTMAP_REASON_SVAM_FAILED = 7,
};

/**
 * struct efi_rtmap_table_stub - the EFI stub's decision on SetVirtualAddressMap
 * @reason: enum efi_rtmap_reason, or 0: the kernel proper decides
 * @kind: enum efi_rtmap_kind, or 0: no map fits, and services are off
 * @svam: enum efi_rtmap_svam
 * @reserved: zero
 * @status: the status that SetVirtualAddressMap returned, if it was called
 *
 * The stub writes it before a kernel runs. It never changes.
 */
struct efi_rtmap_table_stub {
	__le32	reason;
	__le32	kind;
	__le32	svam;
	__le32	reserved;
	__le64	status;
} __packed;

/**
 * struct efi_rtmap_table_header - start of the table
 * @magic: EFI_RTMAP_TABLE_MAGIC
 * @size: bytes of the whole table, this header included
 * @slot_size: bytes of one slot; the first slot follows this header, then the second
 * @call_service: the firmware call in progress: an efi_rts_ids value,
 *                EFI_RTMAP_CALL_*, or 0 for none
 * @call_count: number of calls begun since the firmware was started
 * @used: not zero once a kernel that may call firmware has read the table; a kernel
 *        that finds zero here and in @passed is the first that firmware has started
 * @faulted: the service in which firmware faulted or hung, in any kernel so far,
 *           numbered as in @call_service, or 0; also EFI_RTMAP_CALL_SVAM if the
 *           effect of SetVirtualAddressMap is in doubt
 * @properties_version: 1, the version of EFI_RT_PROPERTIES_TABLE
 * @properties_length: 8, its length; both are zero if it has not been installed
 * @properties_supported: @supported, or EFI_RTMAP_SUPPORTED_NONE: during a firmware
 *                        call, after firmware has failed, and after a kernel could
 *                        not take the map over
 * @supported: the services that firmware itself supports, EFI_RT_SUPPORTED_*
 * @services_off: services that no kernel calls, because firmware's pointers to them
 *                do not point to code, EFI_RT_SUPPORTED_*
 * @nonce: the firmware's life; zero where there is no stub
 * @stub: SetVirtualAddressMap, where the stub decides on it
 * @passed: number of kernels that must not call firmware and have passed on what they
 *          found, since the last slot was written, or since the first kernel; if @used
 *          is zero, firmware is as the stub has left it
 * @failed: services in which firmware was stopped while it ran in user mode, and those
 *          that are off as a consequence, EFI_RT_SUPPORTED_*. No kernel calls them. If
 *          firmware was stopped within a service that writes, @faulted is that service:
 *          the others may be called in user mode only.
 * @allowed: what firmware may use in user mode, as an earlier kernel was told or has
 *           learned. x86: ranges of ports, the first in the lower half and the last in
 *           the upper. arm64: numbers of functions of the secure world or a hypervisor.
 *           Zero stands for none.
 * @reserved: zero
 *
 * The in-call mark, @call_service and @call_count, is written around every firmware
 * call. A kernel that finds the mark set knows that its predecessor stopped inside
 * the firmware. No CRC covers the header: each change of the header is one store, at
 * a moment when little else may work.
 */
struct efi_rtmap_table_header {
	__le64	magic;
	__le32	size;
	__le32	slot_size;
	__le32	call_service;
	__le32	call_count;
	__le32	used;
	__le32	faulted;
	__le16	properties_version;
	__le16	properties_length;
	__le32	properties_supported;
	__le32	supported;
	__le32	services_off;
	__le64	nonce[2];
	struct efi_rtmap_table_stub stub;
	__le32	passed;
	__le32	failed;
	__le32	allowed[EFI_RTMAP_TABLE_ALLOWED];
	u8	reserved[32];
} __packed;

/**
 * struct efi_rtmap_life - tells one life of the firmware from another
 * @nonce: the nonce of the handover table that was made in this life
 * @addresses: zero while firmware uses physical addresses; otherwise a checksum of the
 *             addresses that SetVirtualAddressMap has given it
 *
 * A kernel that wakes up from hibernation finds another @nonce: firmware has been
 * started anew, and another kernel has called SetVirtualAddressMap. If @addresses are
 * those that it knows, the kernel goes on.
 */
struct efi_rtmap_life {
	__le64	nonce[2];
	__le64	addresses;
} __packed;

/*
 * Only ConvertPointer, which no kernel calls. If no service at all is supported, stock
 * kernels have no workqueue for calls, and callers that do not ask would crash.
 */
#define EFI_RTMAP_SUPPORTED_NONE	0x100

/* SetVirtualAddressMap, which only the kernel proper calls. */
#define EFI_RTMAP_CALL_SVAM		0xfffffffe
/* Any call made without the workqueue. */
#define EFI_RTMAP_CALL_DIRECT		0xffffffff

/*
 * Flags that a reader has to know: it refuses a slot that has an unknown one of
 * them.
 */
#define EFI_RTMAP_SLOT_MUST_KNOW	0x0000ffff
/* Firmware does not tell code and data apart: entries may be W+X. */
#define EFI_RTMAP_SLOT_WRITABLE_CODE	0x00000001
/* Forward-edge control flow checks may stay on during calls. */
#define EFI_RTMAP_SLOT_FORWARD_CFG	0x00010000

/**
 * struct efi_rtmap_table_slot - the facts that one kernel passes on to the next
 * @crc: CRC-32 (IEEE 802.3) of @length - 4 bytes from @length on
 * @length: bytes in use, from the start of the slot
 * @major: 1
 * @minor: 0
 * @sequence: of two valid slots, the one with the higher number is current
 * @generation: 0 for the kernel that firmware started, one more for each kexec
 * @kind: enum efi_rtmap_kind
 * @svam: enum efi_rtmap_svam
 * @flags: EFI_RTMAP_SLOT_*
 * @entry_offset: from the start of the slot to the first entry
 * @entry_size: bytes from one entry to the next
 * @entry_count: number of entries
 * @svam_generation: the generation that called SetVirtualAddressMap, or U32_MAX
 * @systab: the EFI system table; this field and the next two identify the firmware
 * @fw_revision: FirmwareRevision of the system table
 * @vendor_crc: CRC-32 of the FirmwareVendor string, without its terminator
 * @runtime: the runtime services table
 * @config: the configuration table array
 * @vendor: the FirmwareVendor string
 * @reserved: zero
 */
struct efi_rtmap_table_slot {
	__le32	crc;
	__le32	length;
	__le16	major;
	__le16	minor;
	__le32	sequence;
	__le32	generation;
	__le32	kind;
	__le32	svam;
	__le32	flags;
	__le32	entry_offset;
	__le32	entry_size;
	__le32	entry_count;
	__le32	svam_generation;
	__le64	systab;
	__le32	fw_revision;
	__le32	vendor_crc;
	__le64	runtime;
	__le64	config;
	__le64	vendor;
	__le64	reserved;
} __packed;

/**
 * struct efi_rtmap_table_entry - a range that is mapped with one permission
 * @phys: physical address, a multiple of 4096
 * @virt: the address that firmware uses for it
 * @pages: number of 4096-byte pages, not zero
 * @attribute: Attribute of the memory descriptor that contains it
 * @type: Type of that descriptor
 * @permission: bit 0 read, bit 1 write, bit 2 execute
 */
struct efi_rtmap_table_entry {
	__le64	phys;
	__le64	virt;
	__le64	pages;
	__le64	attribute;
	__le32	type;
	__le32	permission;
} __packed;

static_assert(sizeof(struct efi_rtmap_table_header) == 192);
static_assert(sizeof(struct efi_rtmap_table_slot) == 96);
static_assert(sizeof(struct efi_rtmap_table_entry) == 40);
static_assert(offsetof(struct efi_rtmap_table_header, call_service) == 16);
static_assert(offsetof(struct efi_rtmap_table_header, properties_version) == 32);
static_assert(offsetof(struct efi_rtmap_table_header, services_off) == 44);
static_assert(offsetof(struct efi_rtmap_table_header, passed) == 88);

#endif /* _LINUX_EFI_RTMAP_TABLE_H */
