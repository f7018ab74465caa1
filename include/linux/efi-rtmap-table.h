/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_EFI_RTMAP_TABLE_H
#define _LINUX_EFI_RTMAP_TABLE_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/**
 * DOC: EFI runtime map handover table
 *
 * The table tells the next kernel of a kexec chain which EFI runtime map is
 * installed. It is a contract between kernels of different versions.
 *
 * The EFI stub allocates it as EFI_ACPI_RECLAIM_MEMORY, which every kernel and
 * every kexec leaves alone, and installs it as a configuration table under
 * LINUX_EFI_RTMAP_TABLE_GUID. Where no stub has, Kexec Handover may carry it, see
 * include/linux/kho/abi/efi-rtmap.h. It consists of a header and two slots. A kernel
 * writes the slot that is not current, so that one which stops while writing
 * leaves the other valid. A slot that holds its length and CRC as zero has
 * never been written.
 *
 * The stub also installs a second configuration table, in runtime services data,
 * which no kernel saves, restores or reuses: struct efi_rtmap_life. Both hold the
 * same nonce. A table that an image of a hibernated system has brought back, or that
 * a reset has left in memory, has another: a reader refuses it.
 *
 * In its header is an EFI_RT_PROPERTIES_TABLE (UEFI 2.10, section 4.6.2), which the
 * stub installs in place of firmware's own. By it, kernels that do not know this
 * table leave firmware alone when it has failed, those loaded before included.
 *
 * All fields are little endian, all addresses physical but for the entries' @virt.
 * Fields and bits that are not defined are zero. A reader refuses a slot whose major
 * version it does not know, or with an undefined flag of EFI_RTMAP_SLOT_MUST_KNOW. It
 * ignores other flags, and bytes behind those it knows: a minor version may add fields
 * behind the slot's header and those of an entry, and enlarges @entry_offset and @entry_size
 * accordingly.
 *
 * Any other change of layout or meaning is breaking and raises the major
 * version.
 */

#define EFI_RTMAP_TABLE_MAGIC	0x50414d5452494645ULL	/* "EFIRTMAP" */

#define EFI_RTMAP_TABLE_SLOTS	2

/**
 * enum efi_rtmap_kind - which addresses firmware is called at
 * @EFI_RTMAP_KIND_PHYS: 1:1, and SetVirtualAddressMap() is not called
 * @EFI_RTMAP_KIND_IDENT: 1:1, and SetVirtualAddressMap() is told so
 * @EFI_RTMAP_KIND_FIXED: others, which SetVirtualAddressMap() is told
 */
enum efi_rtmap_kind {
	EFI_RTMAP_KIND_PHYS = 1,
	EFI_RTMAP_KIND_IDENT = 2,
	EFI_RTMAP_KIND_FIXED = 3,
};

/**
 * enum efi_rtmap_svam - what is known of SetVirtualAddressMap() in this firmware's life
 * @EFI_RTMAP_SVAM_UNKNOWN: nothing
 * @EFI_RTMAP_SVAM_NOT_CALLED: it has not been called
 * @EFI_RTMAP_SVAM_CALLED_IDENT: it has been called, with 1:1 addresses
 * @EFI_RTMAP_SVAM_CALLED_FIXED: it has been called, with others
 * @EFI_RTMAP_SVAM_FAILED: it has been called, and has refused
 */
enum efi_rtmap_svam {
	EFI_RTMAP_SVAM_UNKNOWN = 0,
	EFI_RTMAP_SVAM_NOT_CALLED = 1,
	EFI_RTMAP_SVAM_CALLED_IDENT = 2,
	EFI_RTMAP_SVAM_CALLED_FIXED = 3,
	EFI_RTMAP_SVAM_FAILED = 4,
};

/**
 * enum efi_rtmap_reason - why a map has the kind that it has
 * @EFI_RTMAP_REASON_REQUESTED: the command line asks for it
 * @EFI_RTMAP_REASON_DEFAULT: it is what the architecture and the configuration prefer
 * @EFI_RTMAP_REASON_QUIRK: the machine is known to need it
 * @EFI_RTMAP_REASON_SVAM_UNSUPPORTED: firmware does not support SetVirtualAddressMap()
 * @EFI_RTMAP_REASON_DOES_NOT_FIT: another kind was wanted, and its addresses do not fit
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
 * struct efi_rtmap_table_stub - what the EFI stub has made of SetVirtualAddressMap
 * @reason: enum efi_rtmap_reason, or 0: the decision is the kernel proper's
 * @kind: enum efi_rtmap_kind, or 0: no map fits, and services are off
 * @svam: enum efi_rtmap_svam
 * @reserved: zero
 * @status: the status that SetVirtualAddressMap returned, if it was called
 *
 * It is written before a kernel runs, and never changes.
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
 * @slot_size: bytes of one slot; the first follows this header, the second it
 * @call_service: the firmware call in progress: an efi_rts_ids value,
 *                EFI_RTMAP_CALL_*, or 0 for none
 * @call_count: number of calls begun since the firmware was started
 * @used: not zero once a kernel that may call firmware has looked at the table: one
 *        that finds it zero, and @passed too, is the first that firmware has started
 * @faulted: the service that firmware faulted or hung in, in any kernel so far,
 *           numbered as in @call_service, or 0; EFI_RTMAP_CALL_SVAM too if nobody
 *           knows what that has done
 * @properties_version: 1, the version of EFI_RT_PROPERTIES_TABLE
 * @properties_length: 8, its length; both are zero where it has not been installed
 * @properties_supported: @supported, or EFI_RTMAP_SUPPORTED_NONE while firmware is
 *                        called, once it has failed, and after a kernel that could
 *                        not take the map over
 * @supported: the services that firmware itself supports, EFI_RT_SUPPORTED_*
 * @services_off: services that no kernel calls, because firmware's pointers to them
 *                do not lead to code, EFI_RT_SUPPORTED_*
 * @nonce: the firmware's life; zero where there is no stub
 * @stub: SetVirtualAddressMap, where the stub decides on it
 * @passed: kernels since the last slot was written, or since the first kernel, that
 *          must not call firmware and have passed on what they have found; if @used is
 *          zero, firmware is as the stub has left it
 * @reserved: zero
 *
 * The in-call mark, @call_service and @call_count, is written around every
 * firmware call. A kernel that finds it set knows that its predecessor stopped
 * inside the firmware. No CRC covers the header: what changes in it is one store,
 * made when little else may work.
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
	u8	reserved[100];
} __packed;

/**
 * struct efi_rtmap_life - tells one life of the firmware from another
 * @nonce: that of the handover table which was made in this life
 * @addresses: zero while firmware goes by physical addresses, a sum of those that
 *             SetVirtualAddressMap has given it otherwise
 *
 * A kernel that wakes up from hibernation finds another @nonce: firmware was started
 * anew, and it was another kernel that called SetVirtualAddressMap. With the @addresses
 * that it knows, it goes on.
 */
struct efi_rtmap_life {
	__le64	nonce[2];
	__le64	addresses;
} __packed;

/*
 * ConvertPointer alone, which no kernel calls. With no service at all, stock kernels
 * have no workqueue for calls, and callers that do not ask would fall over that.
 */
#define EFI_RTMAP_SUPPORTED_NONE	0x100

/* SetVirtualAddressMap, which only the kernel proper calls. */
#define EFI_RTMAP_CALL_SVAM		0xfffffffe
/* Any call made without the workqueue. */
#define EFI_RTMAP_CALL_DIRECT		0xffffffff

/* Flags that a reader has to know: it refuses a slot with one that it does not. */
#define EFI_RTMAP_SLOT_MUST_KNOW	0x0000ffff
/* Firmware does not tell its code from its data: entries may be W+X. */
#define EFI_RTMAP_SLOT_WRITABLE_CODE	0x00000001
/* Forward-edge control flow checks may stay on during calls. */
#define EFI_RTMAP_SLOT_FORWARD_CFG	0x00010000

/**
 * struct efi_rtmap_table_slot - what one kernel tells the next
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
 * @systab: the EFI system table; this and the next two identify the firmware
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
 * @virt: the address that firmware knows it by
 * @pages: number of 4096-byte pages, not zero
 * @attribute: Attribute of the memory descriptor it is part of
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
